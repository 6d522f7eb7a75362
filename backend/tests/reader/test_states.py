"""The states of an upload: where an undone removal leads from each."""

import pytest

from reader.states import UploadState, state_after_restore

# What was decided is published anew; the rest goes on from where it was.
BACK = {
    UploadState.RECEIVED: UploadState.RECEIVED,
    UploadState.EXTRACTING: UploadState.RECEIVED,
    UploadState.AWAITING_REVIEW: UploadState.AWAITING_REVIEW,
    UploadState.PUBLISHING: UploadState.PUBLISHING,
    UploadState.LIVE: UploadState.PUBLISHING,
    UploadState.SUPERSEDED: UploadState.SUPERSEDED,
}


@pytest.mark.parametrize("state", UploadState)
def test_a_removal_is_undone_to_where_it_came_from(state):
    if state in BACK:
        assert state_after_restore(state.value) == BACK[state]
    else:  # nothing is removed from there
        with pytest.raises(KeyError):
            state_after_restore(state.value)
