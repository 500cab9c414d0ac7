"""What every view of the API is made of: the REST framework's, with strict query strings.

Those that wait for a network are async, and in everything else like all the others. Who asks, who
may, errors, content negotiation and the schema are the REST framework's, whose own views are
synchronous: what of it may touch the database runs in a thread.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import Any, ClassVar, TypeVar

from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework import generics, views
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from gts.web.api.parsers import escaped, invalid_input
from gts.web.api.queries import QuerySerializer
from gts.web.database import in_database
from gts.web.errors import ErrorDetail

M = TypeVar("M", bound=Model)

UNKNOWN_PARAMETER = "Unknown parameter."

# Comments and no docstrings: views would inherit them, and the schema show them.


# A parameter behind the ``?`` that an address does not have is an error, as is a field of a body.
# ``format=json`` is one everywhere, because everything is JSON. ``query_class``: the parameters of
# GET, where they are no filters.
class StrictQuery(views.APIView):
    query_class: ClassVar[type[QuerySerializer] | None] = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = request.method or ""
        if method == "OPTIONS" or not hasattr(self, method.lower()):
            return  # a method that there is not is a 405, whatever else is wrong
        known = self.parameter_names(request)
        details = [
            ErrorDetail(f"/{escaped(name)}", "UNKNOWN_PARAMETER", UNKNOWN_PARAMETER)
            for name in request.query_params
            if name not in known and (name, request.query_params[name]) != ("format", "json")
        ]
        if details:
            raise invalid_input(details)

    def parameter_names(self, request: Request) -> set[str]:
        """Those that this request may have."""
        if request.method not in SAFE_METHODS or self.query_class is None:
            return set()
        return set(self.query_class().fields)


# One thing, or what is done with it.
class APIView(StrictQuery):
    pass


# A list, with its filters and pages.
class GenericAPIView(StrictQuery, generics.GenericAPIView[M]):
    def parameter_names(self, request: Request) -> set[str]:
        names = super().parameter_names(request)
        if request.method not in SAFE_METHODS:
            return names
        filterset = getattr(self, "filterset_class", None)
        if filterset is not None and self.filter_backends:
            names |= filterset.base_filters.keys()
        # None: all that a view says of a list fits into one answer.
        return names | set(getattr(self.paginator, "parameter_names", ()))


# A list that is read as it comes from the database.
class ListAPIView(GenericAPIView[M], generics.ListAPIView[M]):
    pass


class AsyncAPIView(APIView):
    """``async def get`` and the like; ``request.data`` has been read by the time they run."""

    async def dispatch(  # type: ignore[override]  # a coroutine, as Django awaits it
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        asked = self.initialize_request(request, *args, **kwargs)
        self.request = asked
        self.headers = self.default_response_headers
        try:
            await in_database(self._prepare, asked, *args, **kwargs)
            name = (asked.method or "").lower()
            is_known = name in self.http_method_names
            handler = getattr(self, name, None) if is_known else None
            handler = handler or self.http_method_not_allowed
            answer = handler(asked, *args, **kwargs)
            # OPTIONS, and what is not allowed, are the framework's own and do not wait.
            response = await answer if isawaitable(answer) else answer
        except Exception as error:
            # Re-raises what is a bug.
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def _prepare(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.initial(request, *args, **kwargs)
        if request.method in ("POST", "PUT", "PATCH", "DELETE"):
            _ = request.data
