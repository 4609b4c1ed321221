"""Pages and report files in a browser: charts are drawn, no other host is called, no hostile script runs."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import leadcast
from tests.builders.pages.browser import chromium_path
from tests.builders.pages.html_page import CHART_SCRIPTS, FRAME_SCRIPTS, LIST_SCRIPT, without_digest
from tests.builders.pages.page_paths import CHARTS, HOSTILE, LEAD_PAGE, PATHS
from tests.builders.service.running_service import Service, until


def page_in_browser(address: str, tmp_path: Path, log: Path) -> str:
    """The page after Chromium ran its scripts; its requests are in the log. Only this machine's name resolves."""
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"--log-net-log={log}"),
        *("--virtual-time-budget=20000", "--window-size=1200,2000"),
        *("--disable-background-networking", "--disable-component-update", "--no-first-run"),
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    environment = {**os.environ, "HOME": str(tmp_path)}
    result = subprocess.run(
        [chromium_path(), *options, address],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
        env=environment,
    )
    return result.stdout


@pytest.mark.long
@pytest.mark.parametrize(("command", "count"), [("funnel", 6), ("forecast", 6)])
def test_report_file_needs_no_network(
    champion_home: Path, crm: Path, tmp_path: Path, command: str, count: int
) -> None:
    report, log = tmp_path / "report.html", tmp_path / "net.json"
    options = ["--report", str(report), "--no-snapshot"]
    options += ["--output", str(tmp_path / "f.csv")] if command == "forecast" else []
    result = CliRunner().invoke(leadcast, [command, str(crm), *options], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    drawn_page = page_in_browser(report.as_uri(), tmp_path, log)
    assert len(re.findall(r'<div id="figure-\w+"[^>]*js-plotly-plot', drawn_page)) == count
    # A page from a file has the origin null; the browser's own requests have another.
    by_page = [line for line in log.read_text().splitlines() if '"initiator":"null"' in line]
    assert [line for line in by_page if '"url":"http' in line] == []


@pytest.mark.long
def test_browser_draws_the_charts_from_this_host_alone(trained_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(trained_home, tmp_path / "home"))
    service = Service(home)
    try:
        until(service.is_ready)
        service.put(f"/v1{LEAD_PAGE}", {"created_at": "2026-05-01T08:00:00Z", "owner": HOSTILE})
        for path in (*PATHS, "/forecast?explain=true&period=quarter"):
            log = tmp_path / "net.json"
            page = page_in_browser(service.url + path, tmp_path, log)
            assert "Leadcast</title>" in page, path
            assert "taken</title>" not in page
            drawn = re.findall(r'<div id="chart-\w+"[^>]*js-plotly-plot', page)
            assert len(drawn) == CHARTS.get(path, 0), path
            # One event a line; the browser's own requests (updates, time) have another initiator.
            by_page = [line for line in log.read_text().splitlines() if f'"initiator":"{service.url}' in line]
            urls = {url for line in by_page for url in re.findall(r'"url":"([^"]+)"', line)}
            own_paths = ["/static/leadcast.css", *FRAME_SCRIPTS]
            own_paths += [LIST_SCRIPT] if path == "/" else []
            own_paths += ["/static/charts.css", *CHART_SCRIPTS] if path in CHARTS else []
            loaded = {without_digest(url) for url in urls} - {f"{service.url}/static/favicon.svg"}
            assert loaded == {service.url + name for name in own_paths}
    finally:
        service.process.terminate()
        service.process.communicate()
