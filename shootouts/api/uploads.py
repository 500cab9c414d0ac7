"""Uploads that go on after a break: announced, brought in pieces (tus 1.0.0), then sorted."""

from __future__ import annotations

from typing import Any, Final, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from accounts.models import User
from gts.web.api.serializers import ErrorCodeField, StrictSerializer
from gts.web.api.views import APIView, ListAPIView
from gts.web.errors import PreconditionFailedError
from shootouts.api.upload_parsers import (
    CONTENT_TYPE,
    OffsetParser,
    content_of,
    length_of,
    metadata_header,
    metadata_of,
    offset_of,
)
from shootouts.models import Upload, UploadQuerySet
from shootouts.models.di_track import ChannelRuleChoice
from shootouts.models.upload import DI, KINDS_TO_CHOOSE, ShownState
from shootouts.selectors import upload_get, upload_list
from shootouts.services.upload_results import upload_correct
from shootouts.services.uploads import (
    CHECKSUM_ALGORITHMS,
    max_bytes,
    upload_append,
    upload_begin_with,
    upload_create,
    upload_delete,
    upload_wish,
)

VERSION: Final = "1.0.0"
_EXTENSIONS: Final = (
    "creation,creation-with-upload,expiration,checksum,termination"  # of the protocol
)
_OVERRIDDEN: Final = ("PATCH", "DELETE", "HEAD")
_CONTENT_ROUTE: Final = "api-upload-content"


class UploadErrorOutput(serializers.Serializer[Any]):
    code = ErrorCodeField()
    message = serializers.CharField(help_text="for people")


class UploadOutput(serializers.Serializer[Upload]):
    """A file on its way in, and what it has become."""

    id = serializers.UUIDField(source="uuid")
    archive_id = serializers.UUIDField(
        source="archive.uuid", default=None, allow_null=True, help_text="the archive it was in"
    )
    file_name = serializers.CharField()
    folder = serializers.CharField(help_text="where it lay in what was dropped")
    length_bytes = serializers.IntegerField()
    offset_bytes = serializers.IntegerField(help_text="how many of them have come")
    state = serializers.ChoiceField(
        source="shown_state",
        choices=ShownState.choices,
        help_text="ready, unpacked (an archive: its files are uploads of their own), failed and "
        "deleted (what it became is gone) are the last ones",
    )
    kind = serializers.SerializerMethodField(
        help_text="di, or a kind of gear; empty: it is not sorted yet"
    )
    name = serializers.SerializerMethodField(help_text="of what it has become; else as wished")
    channel_rule = serializers.CharField(help_text="as wished; empty: as its kind does it")
    di_track_id = serializers.UUIDField(source="di_track.uuid", default=None, allow_null=True)
    capture_id = serializers.UUIDField(source="capture.uuid", default=None, allow_null=True)
    gear_id = serializers.UUIDField(source="capture.gear.uuid", default=None, allow_null=True)
    is_known = serializers.BooleanField(help_text="you had the same file already: this is it")
    num_skipped = serializers.IntegerField(help_text="of an archive: files of other kinds")
    error = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField(
        help_text="the page of what it has become; null: there is none yet"
    )
    content_url = serializers.SerializerMethodField(help_text="where its bytes go (tus)")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="until then it can be gone on with")

    def get_kind(self, upload: Upload) -> str:
        if upload.di_track is not None:
            return DI
        return upload.capture.gear.kind if upload.capture is not None else upload.kind

    def get_name(self, upload: Upload) -> str:
        if upload.di_track is not None:
            return upload.di_track.name
        return str(upload.capture.gear) if upload.capture is not None else upload.name

    @extend_schema_field(UploadErrorOutput)
    def get_error(self, upload: Upload) -> dict[str, str] | None:
        error = upload.shown_error
        return None if error is None else dict(zip(("code", "message"), error, strict=True))

    def get_html_url(self, upload: Upload) -> str | None:
        if upload.di_track is not None:
            return reverse("di-detail", args=[upload.di_track.uuid])
        if upload.capture is not None:
            return reverse("gear-item", args=[upload.capture.gear.uuid])
        return None

    def get_content_url(self, upload: Upload) -> str:
        return reverse(_CONTENT_ROUTE, args=[upload.uuid])


class UploadCorrectInput(StrictSerializer):
    kind = serializers.ChoiceField(choices=KINDS_TO_CHOOSE, required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    channel_rule = serializers.ChoiceField(choices=ChannelRuleChoice.choices, required=False)


def _header(name: str, text: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(
        name, location=OpenApiParameter.HEADER, description=text, required=required
    )


_TUS: Final = _header("Tus-Resumable", f"the version of the protocol: {VERSION}", required=True)
_CHECKSUM: Final = _header(
    "Upload-Checksum", "an algorithm (sha1 or sha256), a space, the digest in Base64"
)


# Comments and no docstrings: views would inherit them, and the schema show them.
# What the protocol asks of every address of its own.
class TusView(APIView):
    parser_classes = (OffsetParser,)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        overridden = request.headers.get("X-HTTP-Method-Override", "").upper()
        if request.method == "POST" and overridden in _OVERRIDDEN:
            request.method = overridden
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response.headers.setdefault("Tus-Resumable", VERSION)
        return super().finalize_response(request, response, *args, **kwargs)

    def options(  # type: ignore[override]  # of the stubs
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        return Response(
            status=status.HTTP_204_NO_CONTENT,
            headers={
                "Allow": ", ".join(self.allowed_methods),
                "Tus-Version": VERSION,
                "Tus-Extension": _EXTENSIONS,
                "Tus-Max-Size": str(max_bytes()),
                "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
            },
        )


def _check_version(request: Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise PreconditionFailedError(
            f"Uploads are taken by tus {VERSION}: send it as Tus-Resumable."
        )


def _place_headers(upload: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Expires": http_date(upload.expires_at.timestamp()),
    }


@extend_schema_view(get=extend_schema(summary="My uploads, newest first"))
class UploadListView(ListAPIView[Upload], TusView):
    serializer_class = UploadOutput
    queryset = Upload.objects.none()

    def get_queryset(self) -> UploadQuerySet:
        return upload_list(self.request.user)

    @extend_schema(
        summary="Announce a file that is to come in pieces (tus)",
        description="`Location` is where its bytes go. With a body, these are its first bytes. "
        "`Upload-Metadata` may have filename (needed), folder, kind, name, and channel_rule.",
        parameters=[
            _TUS,
            _header("Upload-Length", "how many bytes the file has", required=True),
            _header("Upload-Metadata", "keys, each with its value in Base64", required=True),
            _CHECKSUM,
        ],
        request={CONTENT_TYPE: OpenApiTypes.BINARY},
        responses={201: UploadOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        _check_version(request)
        length_bytes = length_of(request)
        wish = upload_wish(metadata_of(request))
        content = content_of(request)
        upload = upload_create(owner=cast(User, request.user), length_bytes=length_bytes, wish=wish)
        if content is not None:
            upload = upload_begin_with(
                upload=upload,
                content=content,
                checksum=request.headers.get("Upload-Checksum", ""),
            )
        address = reverse(_CONTENT_ROUTE, args=[upload.uuid])
        return Response(
            UploadOutput(upload).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": address, **_place_headers(upload)},
        )


class UploadDetailView(APIView):
    @extend_schema(summary="One of my uploads, and what became of it", responses=UploadOutput)
    def get(self, request: Request, uuid: UUID) -> Response:
        return Response(UploadOutput(upload_get(request.user, uuid)).data)

    @extend_schema(
        summary="Correct what a file is, its name or its channel",
        request=UploadCorrectInput,
        responses=UploadOutput,
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        """Whatever has become of it: what has failed is tried again, what is of another kind is
        replaced."""
        upload = upload_get(request.user, uuid)
        data = UploadCorrectInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        upload = upload_correct(upload=upload, **data.validated_data)
        return Response(UploadOutput(upload_get(request.user, upload.uuid)).data)

    @extend_schema(summary="Cancel an upload, or forget one", responses={204: None})
    def delete(self, request: Request, uuid: UUID) -> Response:
        """What it has become already stays."""
        upload_delete(upload=upload_get(request.user, uuid))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UploadContentView(TusView):
    @extend_schema(exclude=True)
    def head(self, request: Request, uuid: UUID) -> Response:
        upload = upload_get(request.user, uuid)
        _check_version(request)
        metadata = {"filename": upload.file_name, "folder": upload.folder}
        return Response(
            headers={
                **_place_headers(upload),
                "Upload-Length": str(upload.length_bytes),
                "Upload-Metadata": metadata_header(metadata),
                "Cache-Control": "no-store",
            }
        )

    @extend_schema(
        operation_id="upload_append",
        summary="The next bytes of a file (tus)",
        description="A HEAD of the same address says in `Upload-Offset` where to go on.",
        parameters=[
            _TUS,
            _header("Upload-Offset", "how many bytes have come before these", required=True),
            _CHECKSUM,
        ],
        request={CONTENT_TYPE: OpenApiTypes.BINARY},
        responses={204: None},
    )
    def patch(self, request: Request, uuid: UUID) -> Response:
        upload = upload_get(request.user, uuid)
        _check_version(request)
        content = content_of(request)
        if content is not None:
            upload = upload_append(
                upload=upload,
                offset_bytes=offset_of(request),
                content=content,
                checksum=request.headers.get("Upload-Checksum", ""),
            )
        return Response(status=status.HTTP_204_NO_CONTENT, headers=_place_headers(upload))

    @extend_schema(
        operation_id="upload_terminate", summary="Cancel an upload (tus)", responses={204: None}
    )
    def delete(self, request: Request, uuid: UUID) -> Response:
        upload_delete(upload=upload_get(request.user, uuid))
        return Response(status=status.HTTP_204_NO_CONTENT)
