"""An export of payments, read completely."""

from types import SimpleNamespace

from hostsim.services import payments_file


def export(store, **options):
    with payments_file.export(store, **options) as exported:
        return SimpleNamespace(
            text="".join(exported.lines),
            payments=exported.payments,
            excluded=exported.excluded,
            excluded_amount=exported.excluded_amount,
        )
