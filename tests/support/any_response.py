"""Any bodies and headers that a server could send: strategies for properties."""

import json

from fortnox import DATE, error
from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.text(),
        "date": st.sampled_from([DATE, "x", "Sun, 22 Nov 2026 10:00:00 +99999999999999"])
        | st.text(),
    },
)
bodies = st.binary() | st.one_of(
    json_values,
    st.builds(error, json_values, json_values, capital=st.booleans()),
    st.fixed_dictionaries({"ErrorInformation": json_values}),
    st.fixed_dictionaries({"error": json_values, "access_token": json_values}),
).map(lambda value: json.dumps(value).encode())
