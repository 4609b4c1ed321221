"""Hashes of texts: equal texts have one, different texts differ, whatever is beside them in the column."""

import pyarrow as pa

from connectors.reading.hashes import Places, hashes


def test_equal_texts_have_equal_hashes_in_any_company() -> None:
    texts = ["a", "", None, "a" * 63, "a" * 64, "a" * 65, "é" * 100, "a\0", "x" * 5000]
    together = hashes(pa.array(texts, pa.string())).tolist()
    alone = [hashes(pa.array([text], pa.string()))[0] for text in texts]
    assert together == alone
    assert together[2] == 0
    assert len(set(together)) == len(texts)


def test_sliced_columns_hash_as_whole_ones() -> None:
    array = pa.array(["one", "two", "three", None])
    assert hashes(array.slice(1)).tolist() == hashes(array).tolist()[1:]


def test_many_similar_ids_do_not_collide() -> None:
    ids = pa.array([f"msg-{number:07d}" for number in range(200_000)])
    assert len(set(hashes(ids).tolist())) == 200_000


def test_places_are_those_of_the_first_equal_key() -> None:
    keys = pa.array(["b", "a", "b", None, ""])
    texts = pa.array(["a", "b", "c", None, "", "b"])
    assert Places(keys).of(texts).tolist() == [1, 0, -1, -1, 4, 0]
    assert Places(pa.array([], pa.string())).of(texts).tolist() == [-1] * 6
