"""Measures first visits in a browser on slow lines: `python -m bench web`.

The system's Chromium runs at a phone's size, and its developer tools slow down its line and its
processor; the times are those that it reports itself. Each screen is opened in a browser with an
empty cache, and then once more. Screens of members are opened after a login.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.browser import CHROMIUM
from bench.installation import Installation
from bench.lighthouse import measure_lighthouse
from bench.lists import cost_of, fetch

_PHONE: Any = {
    "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True,
    "has_touch": True, "locale": "ky-KG",
}  # fmt: skip
_WAIT_MILLISECONDS = 120_000
# How long to wait without any request, so that the last paint has been reported.
_QUIET_MILLISECONDS = 1_500
SHELL_GOAL = 2.0
_FIRST_PAGE = '[data-testid="reader-page"][data-loaded="true"]'
_WIDTH = 15

_OBSERVE = """
window.seen = { lcp: 0, cls: 0, picture: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen.lcp = entry.startTime;
}).observe({ type: 'largest-contentful-paint', buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.cls += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
const loaded = '[data-testid="reader-page"][data-loaded="true"]';
new MutationObserver(() => {
  if (window.seen.picture || !document.querySelector(loaded)) return;
  requestAnimationFrame(() => (window.seen.picture ||= performance.now()));
}).observe(document, { subtree: true, childList: true, attributeFilter: ['data-loaded'] });
"""
# Any link of the page is followed by the app.
_FOLLOW = """(path) => {
  const link = document.createElement('a');
  link.href = path;
  document.body.append(link);
  link.click();
  return performance.now();
}"""
_READ = """() => {
  const [page] = performance.getEntriesByType('navigation');
  const files = [page, ...performance.getEntriesByType('resource')];
  const words = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const { lcp, cls, picture } = window.seen;
  const sent = files.filter((file) => file.transferSize > 0);
  const sum = (list, key) => list.reduce((total, file) => total + file[key], 0);
  return {
    words, lcp, cls, picture,
    bytes: sum(sent.filter((file) => file.responseEnd <= lcp), 'transferSize'),
    scripts: sum(files.filter((file) => /\\.js$/.test(file.name)), 'encodedBodySize'),
    requests: sent.filter((file) => file.startTime < words).length
  };
}"""


@dataclass(frozen=True)
class Line:
    """A connection to the server: bits a second, round trip in milliseconds, processor slowdown."""

    name: str
    bits: int
    round_trip: int
    slower: int


USUAL = Line("10 Mbit/s, 40 ms", 10_000_000, 40, 1)
L1 = Line("1.6 Mbit/s, 150 ms, CPU x 4", 1_600_000, 150, 4)
L2 = Line("400 kbit/s, 400 ms, CPU x 4", 400_000, 400, 4)

# The highest allowed figure on a line and a screen; an empty name stands for all of them.
_GOALS: dict[tuple[str, str, str], float] = {
    ("words", L2.name, "home"): 3_000,
    ("lcp", L1.name, "home"): 2_500,
    ("picture", L2.name, "chapter"): 6_000,
    ("lcp", USUAL.name, ""): 2_000,
    ("warm_picture", USUAL.name, "chapter"): 1_500,
    ("warm_picture", L1.name, "chapter"): 1_500,
    ("bytes", "", "home"): 250_000,
    ("bytes", "", "browse"): 250_000,
    ("bytes", "", "series"): 250_000,
    ("scripts", "", ""): 100_000,
    ("requests", "", ""): 3,
    ("cls", "", ""): 0.05,
}
_COLUMNS = {
    "words": ("words ms", "{:.0f}"), "lcp": ("LCP ms", "{:.0f}"),
    "picture": ("page 1 ms", "{:.0f}"), "bytes": ("kB to LCP", "{:.0f}"),
    "scripts": ("JS kB", "{:.0f}"), "cls": ("CLS", "{:.3f}"),
    "warm": ("again, LCP", "{:.0f}"), "warm_picture": ("again, page 1", "{:.0f}"),
    "requests": ("again, asks", "{:.0f}"),
}  # fmt: skip


def measure_web(*, quick: bool) -> Iterator[list[str]]:
    """Yield a table for each line, Lighthouse's scores, and what the pages cost the server."""
    visits = 1 if quick else 3
    with Installation(is_demo=True) as house:
        found = house.run("web_library")
        screens, others, members = found["screens"], found["others"], found["members"]
        with house.serve() as (pid, port):
            url = f"http://127.0.0.1:{port}"
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
                )
                everything = screens | others
                yield _measure_line(browser, url, everything, USUAL, visits=visits, members=members)
                for line in (L1, L2):
                    yield _measure_line(browser, url, screens, line, visits=visits)
                browser.close()
            yield measure_lighthouse(url, screens, runs=1 if quick else 5)
            yield measure_shells(house, pid, port, screens, requests=400 if quick else 3_000)


def _measure_line(
    browser: Browser,
    url: str,
    screens: Mapping[str, str],
    line: Line,
    *,
    visits: int,
    members: Mapping[str, tuple[str, str]] | None = None,  # name and password of who sees it
) -> list[str]:
    headings = "".join(f"{heading:>{_WIDTH}}" for heading, _form in _COLUMNS.values())
    lines = [f"First visits, {line.name}, median of {visits} (the goal behind it)"]
    lines.append(f"  {'':8}{headings}")
    for screen, path in screens.items():
        member = (members or {}).get(screen)
        seen = [_visit(browser, url, path, line, member) for _ in range(visits)]
        cells = (_cell(name, line, screen, median(one[name] for one in seen)) for name in _COLUMNS)
        lines.append(f"  {screen:8}{''.join(cells)}")
    times = [_turn_to(browser, url, screens["series"], screens["chapter"], line) for _ in seen]
    goal = _GOALS.get(("picture", line.name, "chapter"))
    mark = "" if goal is None or median(times) <= goal else "!"
    lines.append(f"  chapter, page 1, for who comes from its series: {mark}{median(times):.0f} ms")
    return lines


def _cell(name: str, line: Line, screen: str, value: float) -> str:
    keys = ((name, line.name, screen), (name, line.name, ""), (name, "", screen), (name, "", ""))
    goal = next((_GOALS[key] for key in keys if key in _GOALS), None)
    form, scale = _COLUMNS[name][1], 1_000 if name in ("bytes", "scripts") else 1
    if name.endswith("picture") and screen != "chapter":
        return f"{'-':>{_WIDTH}}"
    text = form.format(value / scale)
    if goal is not None:
        mark = "" if value <= goal else "!"
        text = f"{mark}{text} ({goal / scale:g})"
    return f"{text:>{_WIDTH}}"


def _visit(
    browser: Browser, url: str, path: str, line: Line, member: tuple[str, str] | None
) -> dict[str, float]:
    """Open a screen in a browser with an empty cache, and once more in the same browser."""
    page = _new_page(browser)
    if member:
        _log_in(page, url, *member)
    _slow_down(page, line)
    first = _open(page, f"{url}{path}")
    page.goto("about:blank")
    again = _open(page, f"{url}{path}")
    page.context.close()
    return first | {
        "warm": again["lcp"], "warm_picture": again["picture"], "requests": again["requests"],
    }  # fmt: skip


def _turn_to(browser: Browser, url: str, series: str, chapter: str, line: Line) -> float:
    """Return how long the first page takes somebody who opens a chapter out of its series."""
    page = _new_page(browser)
    _slow_down(page, line)
    _open(page, f"{url}{series}")
    started = page.evaluate(_FOLLOW, chapter)
    page.wait_for_selector(_FIRST_PAGE)
    page.wait_for_timeout(_QUIET_MILLISECONDS)
    time: float = page.evaluate("window.seen.picture") - started
    page.context.close()
    return time


def _new_page(browser: Browser) -> Page:
    context = browser.new_context(**_PHONE)
    context.add_init_script(_OBSERVE)
    page = context.new_page()
    page.set_default_timeout(_WAIT_MILLISECONDS)
    return page


def _slow_down(page: Page, line: Line) -> None:
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.clearBrowserCache")
    tools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": line.round_trip,
            "downloadThroughput": line.bits / 8,
            "uploadThroughput": line.bits / 8,
        },
    )
    tools.send("Emulation.setCPUThrottlingRate", {"rate": line.slower})


def _log_in(page: Page, url: str, name: str, password: str) -> None:
    page.goto(f"{url}/login", wait_until="networkidle")
    page.fill('input[name="username"]', name)
    page.fill('input[name="password"]', password)
    page.press('input[name="password"]', "Enter")
    page.wait_for_url(lambda address: not address.endswith("/login"))
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")


def _open(page: Page, address: str) -> dict[str, float]:
    page.goto(address, wait_until="networkidle")
    if "/read/" in address:
        page.wait_for_selector(_FIRST_PAGE)
    page.wait_for_timeout(_QUIET_MILLISECONDS)
    seen: dict[str, float] = page.evaluate(_READ)
    return seen


def measure_shells(
    house: Installation, pid: int, port: int, screens: dict[str, str], *, requests: int
) -> list[str]:
    """Return what a page of the web app costs, beside a bare view of the same bytes."""
    bodies = house.folder / "bodies"
    bodies.mkdir(exist_ok=True)
    lines = [f"  {'Pages of the web app':22}{'bytes':>8}{'CPU ms':>9}{'bare':>8}{'ratio':>8}  goal"]
    with house.serve("bench.bare") as (bare_pid, bare_port):
        for screen, path in screens.items():
            body = fetch(port, path)
            (bodies / screen).write_bytes(body)
            cost = cost_of(pid, port, path, requests)
            bare = cost_of(bare_pid, bare_port, f"/bare/{screen}", requests)
            ratio = cost.cpu / bare.cpu
            lines.append(
                f"  {screen:22}{len(body):8}{cost.cpu:9.3f}{bare.cpu:8.3f}{ratio:8.2f}"
                f"  {SHELL_GOAL}{'' if ratio <= SHELL_GOAL else '  MISSED'}"
            )
    return lines
