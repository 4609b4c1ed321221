"""Encodings of text files: found by their bytes, read and counted, or refused."""

import gzip
import io
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from history.folder.tables.encodings import encoding_of, western_encoding
from tests.builders.csv_folder import counts, problems, read

WORDS = {
    "utf-8": ("Köln", "北京", "plain"),
    "cp1252": (
        "Müller",
        "José",
        "größer",
        "São Paulo",
        "à côté",
        "20 € “ok”",
        "déjà vu – très bien",
        "Łukasz"[1:],
    ),
    "cp932": ("株式会社", "受注", "ウェブサイト", "お問い合わせ", "山田太郎", "セミナー", "データ", "営業部"),
    "gb18030": ("北京", "赢单", "有限公司", "王小明", "制造业", "销售", "新建", "报价", "展会"),
}
OTHERS = {
    "cp1251": ("Москва", "Привет", "Ромашка", "Иван", "выиграна"),
    "euc_kr": ("서울", "주식회사", "전화", "홍길동", "영업"),
    "euc_jp": ("株式会社", "受注", "ウェブ", "お問い合わせ"),
    "big5": ("台北", "電話", "有限公司", "業務"),
}


def table(words: Sequence[str], rows: int, seed: int) -> str:
    rng = random.Random(seed)
    lines = (f"L{i},2024-01-05,{rng.choice(words)},{rng.choice(words)}" for i in range(rows))
    return "\r\n".join(("lead_id,created_at,name,city", *lines, ""))


def found(content: bytes) -> str | None:
    return encoding_of(lambda: io.BytesIO(content))


@pytest.mark.parametrize("encoding", WORDS)
def test_words_of_an_encoding(encoding: str) -> None:
    for seed in range(20):
        assert found(table(WORDS[encoding], 12, seed).encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", OTHERS)
def test_other_encodings_are_not_guessed(encoding: str) -> None:
    for seed in range(20):
        assert found(table(OTHERS[encoding], 12, seed).encode(encoding)) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_with_and_without_its_mark(encoding: str) -> None:
    assert found(table(("Köln", "x"), 5, 0).encode(encoding)) == encoding


def test_ascii_and_nothing_are_utf_8() -> None:
    assert found(b"lead_id\n1\n") == found(b"") == "utf-8"


def test_bytes_that_windows_1252_lacks_are_iso_8859() -> None:
    assert western_encoding(lambda: io.BytesIO(b"K\xf6ln")) == "cp1252"
    assert western_encoding(lambda: io.BytesIO(b"K\xf6ln \x81")) == "latin-1"


@pytest.mark.parametrize(
    ("encoding", "word", "name"),
    [
        ("cp1252", "Köln", "Windows-1252"),
        ("utf-16", "北京", "UTF-16"),
        ("utf-16-le", "Köln", "UTF-16"),
        ("cp932", "お問い合わせ", "Shift-JIS"),
        ("gb18030", "有限公司", "GB18030"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_file_is_read_and_its_encoding_counted(
    encoding: str, word: str, name: str, suffix: str, tmp_path: Path
) -> None:
    content = f'lead_id,created_at,{word}\r\na,2024-01-01,"{word}, x"\r\nb,2024-01-01,y\r\n'.encode(encoding)
    notes = f"lead_id,occurred_at,kind\na,2024-01-05,{word}\n"
    (tmp_path / f"interactions{suffix}").write_bytes(
        gzip.compress(notes.encode(encoding)) if suffix == ".csv.gz" else notes.encode(encoding)
    )
    history = read(tmp_path, {"leads.csv": content})
    assert history.attributes[word].text(0) == f"{word}, x"
    assert history.interactions.kind.text(0) == word
    for table_name in ("leads", "interactions"):
        report = history.reports[table_name]
        assert counts(report, flagged=True).keys() == {"foreign_encoding"}
        assert f"read as {name}" in report.flagged[0].first[0]


def test_unknown_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    leads = table(OTHERS["cp1251"], 12, 0).encode("cp1251")
    (problem,) = problems(tmp_path, {"leads.csv": leads})
    assert "leads.csv is not UTF-8" in problem or "it is not UTF-8" in problem
    assert "save it as UTF-8" in problem
