"""``/3/projects``."""

from hostsim.sandbox.errors import PROJECT_NOT_FOUND, Refused
from hostsim.sandbox.fields import choice, day, text
from hostsim.sandbox.resources.register import Register, as_numbers

PROJECTS = Register(
    name="projects",
    one="Project",
    many="Projects",
    key="ProjectNumber",
    fields={
        "Comments": text(512),
        "ContactPerson": text(50),
        "Description": text(50),
        "EndDate": day(),
        "ProjectLeader": text(50, blank=None),
        "ProjectNumber": text(20),
        "Status": choice("NOTSTARTED", "ONGOING", "COMPLETED", blank="ONGOING"),
        "StartDate": day(),
    },
    row=("Description", "EndDate", "ProjectLeader", "ProjectNumber", "Status", "StartDate"),
    order=as_numbers,
    not_found=Refused(PROJECT_NOT_FOUND, "Kan inte hitta projektet.", 404),
)
