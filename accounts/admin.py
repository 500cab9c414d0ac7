"""Users, their connections and the audit trail for operators. Tokens are shown to no one.

Operators cannot lock themselves out, nor the last of them.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from importlib import import_module
from ipaddress import ip_address
from typing import Any, ClassVar, Final, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from social_django.models import Association, Nonce, UserSocialAuth

from accounts.login.two_factor import two_factor_get
from accounts.models import AuditEntry, PersonalAccessToken, Tone3000Tokens, User
from accounts.personal_data import user_erase
from accounts.quotas import quotas_get
from accounts.selectors import TONE3000, tone3000_connection_get
from accounts.services import operator_check_left, operators
from accounts.sessions.logins import CurrentLogin, current_login, logins_end_others
from accounts.tokens.personal import personal_token_revoke
from gts.web.admin.bulk_actions import each
from gts.web.admin.lists import BoundedAdmin, LongListAdmin, PartAdmin, ReadOnlyAdmin
from gts.web.client_ip import client_address
from gts.web.errors import AppError, ConflictError, NotFoundError

TONE3000_FIELDS = (
    "tone3000_id",
    "tone3000_name",
    "tone3000",
    "tone3000_refreshed_at",
    "tone3000_failed_at",
)

OWN_ACCOUNT = (
    "Your own account cannot be deleted in the admin: leave it out. To delete it, open your "
    "Account page, which asks for your user name first."
)
OWN_RIGHTS: Final = (
    "You cannot take this from your own account: ask another operator, or delete the account on "
    "your Account page."
)
PASSWORD_NEEDED: Final = (
    "Without a password this operator could not log in: the account is not connected to Tone 3000. "
    "Take “Staff status” from it first."
)


class UserForm(UserChangeForm[User]):
    """``acting``: who changes a user; the admin sets it for each request."""

    acting: ClassVar[Any] = None

    def clean(self) -> dict[str, Any]:
        super().clean()
        is_own = self.acting is not None and self.instance.pk == self.acting.pk
        for name in ("is_active", "is_staff"):
            if is_own and self._takes(name):
                self.add_error(name, OWN_RIGHTS)
        takes_any = any(map(self._takes, ("is_active", "is_staff", "is_superuser")))
        if takes_any and operators().filter(pk=self.instance.pk).exists():
            try:
                operator_check_left([self.instance.pk], locks=True)
            except ConflictError as refusal:
                self.add_error(None, refusal.message)
        return self.cleaned_data

    def _takes(self, name: str) -> bool:
        return bool(getattr(self.instance, name)) and self.cleaned_data.get(name) is False


class UserPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # none when it runs
    def clean(self) -> dict[str, Any]:
        super().clean()
        is_disabled = self.cleaned_data.get("set_usable_password") is False
        if is_disabled and self.user.is_staff and not _has_tone3000(self.user):
            self.add_error("usable_password", PASSWORD_NEEDED)
        return self.cleaned_data


def _has_tone3000(user: User) -> bool:
    return UserSocialAuth.objects.filter(user=user, provider=TONE3000).exists()


# social-auth's own pages would let operators say who logs in as whom; logging in says that. Those
# of the API's refresh tokens show them whole, and anyone who has one can speak for its owner.
for module in ("rest_framework_simplejwt.token_blacklist.admin", "social_django.admin"):
    import_module(module)  # registers them, in whatever order modules are imported
for model in (UserSocialAuth, Nonce, Association, OutstandingToken, BlacklistedToken):
    admin.site.unregister(model)
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BoundedAdmin[Group], BaseGroupAdmin):
    """As Django has it, but deleting a large one does not load its members."""


@admin.register(User)
class UserAdmin(BoundedAdmin[User], BaseUserAdmin[User]):
    list_display = ("username", "display_name", "tone3000", "is_active", "is_staff", "date_joined")
    list_select_related = ("tone3000_tokens",)
    form = UserForm
    change_password_form = UserPasswordForm
    actions = ("end_sessions",)
    list_filter = ("is_active", "is_staff", "date_joined")
    search_fields = ("username", "display_name", "email", "tone3000_id")
    ordering = ("-id",)
    date_hierarchy = None
    # Who someone is at Tone 3000 is proved by logging in there, not typed in.
    readonly_fields = (
        "uuid",
        *TONE3000_FIELDS,
        "has_two_factor",
        "storage",
        "renders",
        "last_login",
        "date_joined",
    )
    fieldsets = (
        (None, {"fields": ("username", "password", "uuid")}),
        ("Person", {"fields": ("display_name", "email")}),
        ("Tone 3000", {"fields": TONE3000_FIELDS}),
        ("Use", {"fields": ("storage", "renders")}),
        (
            "Rights",
            {"fields": ("has_two_factor", "is_active", "is_staff", "is_superuser", "groups")},
        ),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description="Tone 3000")
    def tone3000(self, user: User) -> str:
        tokens = _tokens_of(user)
        if tokens is None:
            return "–"
        return (
            "connected" if tokens.encrypted else f"reconnect needed ({tokens.refused_at:%Y-%m-%d})"
        )

    @admin.action(description="End all sessions of the chosen users", permissions=["change"])
    def end_sessions(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        """And programs, but no personal access tokens. The operator's own stays."""
        num_ended = 0
        for user in each(rows):
            current = current_login(request) if user == request.user else CurrentLogin()
            num_ended += logins_end_others(
                user=user, current=current, address=client_address(request)
            )
        self.message_user(request, f"{num_ended} sessions ended.", messages.SUCCESS)

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return form if obj is None else type(form.__name__, (form,), {"acting": request.user})

    def why_kept(self, request: HttpRequest, rows: QuerySet[User]) -> str:
        if rows.filter(pk=cast(User, request.user).pk).exists():
            return OWN_ACCOUNT
        try:
            operator_check_left(rows.order_by().values("pk"))
        except ConflictError as refusal:
            return refusal.message
        return ""

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        user_erase(user=obj, confirm=obj.username, keeps_operator=True)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in each(queryset):
            try:
                user_erase(user=user, confirm=user.username, keeps_operator=True)
            except AppError as refusal:
                self.message_user(request, f"{user}: {refusal.message}", messages.WARNING)

    @admin.display(description="two-factor login", boolean=True)
    def has_two_factor(self, user: User) -> bool:
        return two_factor_get(user) is not None

    @admin.display(description="storage")
    def storage(self, user: User) -> str:
        quotas = quotas_get(user)
        limit = quotas.storage_limit_bytes
        used = filesizeformat(quotas.storage_used_bytes)
        return used if limit is None else f"{used} of {filesizeformat(limit)}"

    @admin.display(description="renders of the last 24 hours")
    def renders(self, user: User) -> str:
        quotas = quotas_get(user)
        limit = quotas.renders_limit_per_day
        used = quotas.renders_used_per_day
        return str(used) if limit is None else f"{used} of {limit}"

    @admin.display(description="name there")
    def tone3000_name(self, user: User) -> str:
        return tone3000_connection_get(user).name

    @admin.display(description="last refreshed")
    def tone3000_refreshed_at(self, user: User) -> datetime | None:
        tokens = _tokens_of(user)
        return tokens.refreshed_at if tokens else None

    @admin.display(description="last refresh that failed")
    def tone3000_failed_at(self, user: User) -> datetime | None:
        tokens = _tokens_of(user)
        return tokens.refresh_failed_at if tokens else None


def _tokens_of(user: User) -> Tone3000Tokens | None:
    """From the joined row: a list asks nothing more for each user."""
    return getattr(user, "tone3000_tokens", None)


@admin.register(PersonalAccessToken)
class PersonalAccessTokenAdmin(PartAdmin, LongListAdmin[PersonalAccessToken]):
    """Operators look, and revoke; they see no token. It goes with its owner."""

    list_display = (
        "prefix", "name", "user", "scope", "created_at", "expires_at", "last_used_at", "revoked_at",
    )  # fmt: skip
    list_select_related = ("user",)
    fields = ("uuid", *list_display)
    search_owner = "user"
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_personalaccesstoken")

    @admin.action(description="Revoke the chosen tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[PersonalAccessToken]) -> None:
        num_revoked = 0
        for row in each(rows.filter(revoked_at=None).select_related("user")):
            with suppress(NotFoundError):  # its owner was quicker
                personal_token_revoke(
                    user=row.user, token_id=row.uuid, address=client_address(request)
                )
                num_revoked += 1
        self.message_user(request, f"{num_revoked} tokens revoked.", messages.SUCCESS)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, LongListAdmin[AuditEntry]):
    list_display = ("at", "action", "user", "detail", "address")
    list_filter = ("action", "at")
    list_select_related = ("user",)
    ordering = ("-at", "-id")
    search_owner = "user"
    search_help_text = "a username, the id of a user that is gone, or an address"

    def find(self, rows: Any, term: str) -> Any:
        for column, parse in (("user_uuid", UUID), ("address", ip_address)):
            with suppress(ValueError):
                return rows.filter(**{column: str(parse(term))})
        return rows.none()

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False
