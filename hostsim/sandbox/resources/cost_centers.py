"""``/3/costcenters``."""

from hostsim.sandbox.errors import Refused
from hostsim.sandbox.fields import flag, text
from hostsim.sandbox.resources.register import Register

COST_CENTERS = Register(
    name="costcenters",
    one="CostCenter",
    many="CostCenters",
    key="Code",
    fields={
        "Active": flag(blank=True),
        "Code": text(6),
        "Description": text(),
        "Note": text(),
    },
    # The sentence is by analogy with projects.
    not_found=Refused(0, "Kan inte hitta kostnadsstället.", 404),
    not_found_switch="cost_center_not_found_code",
)
