"""An export of payments, read to its end."""

from types import SimpleNamespace

from hostsim.services import payments_file


def export(store, **chosen):
    with payments_file.export(store, **chosen) as made:
        return SimpleNamespace(
            text="".join(made.lines),
            payments=made.payments,
            excluded=made.excluded,
            excluded_amount=made.excluded_amount,
        )
