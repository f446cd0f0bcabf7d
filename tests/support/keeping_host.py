"""A host in memory with a place for secrets."""

from second_host import Host, hookimpl


class KeepingHost(Host):
    def __init__(self):
        super().__init__()
        self.secrets = {}

    @hookimpl
    def opter_get_secret(self, run, key):
        return self.secrets.get(key)

    @hookimpl
    def opter_set_secret(self, run, key, value):
        self.secrets[key] = value
        return True
