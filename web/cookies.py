"""The four cookies of staff pages. Learners get none.

``__Host-``: no other host, not even a subdomain, can set or see them. HttpOnly and Secure, and Lax: a browser sends
them when somebody comes from a mail or from Slack, and never with another site's form.
"""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

SESSION_COOKIE: Final = "__Host-sid"
SIGN_IN_COOKIE: Final = "__Host-signin"
NEXT_COOKIE: Final = "__Host-next"
"""Which page of ours somebody was on the way to when they had to sign in first."""
INSTALL_COOKIE: Final = "__Host-slack-install"


def keep_cookie(response: Response, name: str, value: str, life: timedelta) -> Response:
    response.set_cookie(
        name, value, max_age=int(life.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


def forget_cookie(response: Response, name: str) -> Response:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
    return response
