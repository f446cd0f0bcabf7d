"""Articles, as far as rows of invoices name them; they have no address here."""

from hostsim.sandbox.errors import ARTICLE_NOT_FOUND, Refused
from hostsim.sandbox.fields import amount, text, whole
from hostsim.sandbox.resources.register import Register

ARTICLES = Register(
    name="articles",
    one="Article",
    many="Articles",
    key="ArticleNumber",
    fields={
        "ArticleNumber": text(50),
        "Description": text(),
        "SalesAccount": whole(1000, 9999),
        "Unit": text(),
        "VAT": amount(None),
    },
    not_found=Refused(ARTICLE_NOT_FOUND, "Kan inte hitta artikeln.", 404),
)
