"""access: who may come in, where there are credentials, and what is noted of it.

    authenticating.py  a request's key becomes its caller   failures.py  who tries too many keys
    noting.py          who did what                         starting.py  what a server refuses to start with
    removing.py        tenants on their way out             opening.py   all of it, put together

Only server mode has it; embedded mode has one user, who may do everything.
"""

from service.access.authenticating import Authenticator
from service.access.noting import Auditor
from service.access.opening import Access, open_access
from service.access.removing import TenantRemoval

__all__ = ["Access", "Auditor", "Authenticator", "TenantRemoval", "open_access"]
