"""The embedded worker: how its lanes are woken."""

from common.work.background import wake_up_file, wake_worker
from mangakg.worker import WakeUp


def test_a_lane_is_woken_once_for_each_time_that_its_bell_is_touched(settings):
    settings.CELERY_BROKER_URL = None
    wake_up_file("emails").unlink(missing_ok=True)
    wake_ups = {queue: WakeUp(queue) for queue in ("emails", "publishing")}

    heard = []
    for is_touched in (False, True, False, True):
        if is_touched:
            wake_worker("tests.task", "emails", 1)
        for wake_up in wake_ups.values():
            wake_up.listen()
        heard.append({queue: wake_up.was_touched.is_set() for queue, wake_up in wake_ups.items()})
        wake_ups["emails"].was_touched.clear()

    assert [now["emails"] for now in heard] == [False, True, False, True]
    assert not any(now["publishing"] for now in heard)
