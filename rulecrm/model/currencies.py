"""The currency codes of ISO 4217.

In: nothing, or a code that is none. Out: `CURRENCIES`, the alphabetic codes that an amount may be in; what to write.
Invariant: only codes of money that is in use, or was since 2010, for histories reach back; bonds, metals and test codes
are left out, for an amount in one of those is a mistake in the data.
"""

from __future__ import annotations

from rulecrm.diagnostics.suggest import did_you_mean

__all__ = ["CURRENCIES", "instead_of"]

_IN_USE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
    QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD
    TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

_REPLACED = """
    ANG BGN BYR CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL
"""

CURRENCIES: frozenset[str] = frozenset(_IN_USE.split()) | frozenset(_REPLACED.split())

_CALLED = {"RMB": "CNY", "CNH": "CNY", "NTD": "TWD", "YEN": "JPY", "WON": "KRW", "STG": "GBP", "RUR": "RUB"}
"""Codes that people write and that ISO 4217 does not have."""


def instead_of(code: str) -> str:
    """What to write instead of a code that is none."""
    meant = _CALLED.get(code.upper())
    if meant is not None:
        return f"did you mean `{meant}`?"
    return did_you_mean(code, CURRENCIES) or "an ISO 4217 code, such as CNY"
