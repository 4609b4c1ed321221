"""Currencies by their codes and signs, and the names of columns that hold currencies or converted amounts."""

import re
from collections.abc import Mapping
from typing import Final

NAMES: Final = re.compile(
    r"currency|currencies|währung|waehrung|devise|moneda|moeda|valuta|waluta|pénznem|deviza|币种|货币|幣別|通貨"
)
NOT_NAMES: Final = re.compile(r"amount|value|revenue|rate|converted|betrag|montant|importe|kurs")
CONVERTED: Final = re.compile(r"convert|homecurrency|companycurrency|basecurrency|corporate|reporting|base$")
OF_MONEY: Final = re.compile(r"amount|value|revenue|price|total")
SIGNS: Final[Mapping[str, str]] = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "元": "CNY",
    "円": "JPY",
    "₹": "INR",
    "₽": "RUB",
    "₩": "KRW",
    "₺": "TRY",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "R$": "BRL",
    "$": "USD",
}
USUAL: Final = frozenset(
    ("USD", "EUR", "GBP", "JPY", "CHF", "CNY", "CAD", "AUD", "INR", "BRL", "MXN", "SEK", "PLN")
)
CODES: Final = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """.split()  # noqa: SIM905
)


def is_currency_name(name: str) -> bool:
    """Whether a column's name says that it holds currencies, and no amounts."""
    plain = re.sub(r"[\s_-]", "", name.casefold())
    return bool(NAMES.search(plain)) and not NOT_NAMES.search(plain)


def is_converted(name: str) -> bool:
    """Whether a column's name says that its amounts are in one currency: converted, company currency, amount_eur."""
    plain = re.sub(r"[\s_()-]", "", name.casefold())
    in_one = re.search(r"(?:^|[\s_(-])(?:in[\s_-])?([a-z]{3})\)?$", name.casefold())
    return bool(CONVERTED.search(plain)) or (in_one is not None and in_one[1].upper() in USUAL)


def currency_in(text: str) -> str | None:
    """The code of the currency whose sign or code an amount has, None without one."""
    for sign, code in sorted(SIGNS.items(), key=lambda item: -len(item[0])):
        if sign in text:
            return code
    return next((word for word in re.findall(r"[A-Z]{3}", text) if word in CODES), None)
