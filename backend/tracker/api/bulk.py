"""POST /api/library/bulk: one change of many items."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import current_user
from accounts.api.jobs import JobSerializer
from accounts.scopes import LIBRARY
from common.http.errors import Invalid
from common.http.responses import PrivateResponse
from common.http.serializers import refusals
from common.models import JobItem
from tracker.api.item_query import ItemFilterSet
from tracker.api.serializers import MAX_NUMBER, StatusField, TagField
from tracker.library.bulk import MAX_AT_ONCE, Wish
from tracker.library.bulk_jobs import change_many, results_of
from tracker.library.tags import MAX_ITEM_TAGS
from tracker.models import LibraryItem

_ALL_OR_NOTHING = "all_or_nothing"


class BulkSetSerializer(serializers.Serializer[None]):
    """What each of the items gets."""

    status = StatusField(required=False)
    score = serializers.IntegerField(min_value=0, max_value=100, required=False, allow_null=True)
    favourite = serializers.BooleanField(required=False)
    progress = serializers.IntegerField(min_value=0, max_value=MAX_NUMBER, required=False)
    private = serializers.BooleanField(required=False)
    add_tags = serializers.ListField(child=TagField(), max_length=MAX_ITEM_TAGS, default=list)
    remove_tags = serializers.ListField(child=TagField(), max_length=MAX_ITEM_TAGS, default=list)


class BulkFormSerializer(serializers.Serializer[None]):
    """Which items are to change, and how."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False, allow_empty=False,
    )  # fmt: skip
    filter = serializers.DictField(
        child=serializers.JSONField(), required=False,
        help_text="as the parameters of GET /api/library/items; {}: all",
    )  # fmt: skip
    set = BulkSetSerializer(required=False)
    add_to_list = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    delete = serializers.BooleanField(default=False)
    mode = serializers.ChoiceField([_ALL_OR_NOTHING, "best_effort"], default="best_effort")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what says too little or two things at once."""
        if ("ids" in attrs) == ("filter" in attrs):
            message = _("Name the titles by ids or by a filter, not by both.")
            raise serializers.ValidationError({"ids": [message]})
        changes = {"set", "add_to_list"} & attrs.keys()
        if bool(changes) == attrs["delete"]:
            message = _("Say what is to change, or that the titles are to be removed.")
            raise serializers.ValidationError({"set": [message]})
        return attrs


class BulkResultSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(JobItem.Outcome.choices)
    code = serializers.CharField(allow_blank=True, help_text="why it is not done")


class BulkAnswerSerializer(JobSerializer):
    """The job, and the outcomes of the first 100 items."""

    results = BulkResultSerializer(many=True)


class BulkView(APIView):
    """Changes many items of the user's library."""

    permission_classes = [IsAuthenticated]
    key_scopes: ClassVar[dict[str, str]] = {"POST": LIBRARY}

    @extend_schema(
        request=BulkFormSerializer,
        responses={200: BulkAnswerSerializer, **refusals(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request) -> Response:
        """Change, list or remove up to 10,000 items; the job can be undone for 30 days."""
        form = BulkFormSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data
        job, outcomes = change_many(
            current_user(request), _chosen(request, words), _wish(words), ids=words.get("ids"),
            is_all_or_nothing=words["mode"] == _ALL_OR_NOTHING,
        )  # fmt: skip
        return PrivateResponse({**JobSerializer(job).data, "results": results_of(outcomes)})


def _wish(words: dict[str, Any]) -> Wish:
    fields = dict(words.get("set", {}))
    return Wish(
        add_tags=fields.pop("add_tags", ()), remove_tags=fields.pop("remove_tags", ()),
        fields=fields, add_to_list=words.get("add_to_list"), is_removal=words["delete"],
    )  # fmt: skip


def _chosen(request: Request, words: dict[str, Any]) -> QuerySet[LibraryItem]:
    items = LibraryItem.objects.filter(user=current_user(request))
    if "ids" in words:
        if len(words["ids"]) > MAX_AT_ONCE:  # before it is a statement too long for the database
            message = _("At most %(count)d titles can be changed at once.") % {"count": MAX_AT_ONCE}
            raise Invalid(message, code="too_many", fields={"ids": [message]})
        return items.filter(pk__in=words["ids"])
    asked = QueryDict(mutable=True)
    for name, value in words["filter"].items():
        if name not in ItemFilterSet.base_filters:  # a slip would choose everything
            message = _("“%(value)s” is not possible here.") % {"value": name}
            raise Invalid(message, fields={"filter": [message]})
        asked.setlist(
            name, [_as_text(one) for one in (value if isinstance(value, list) else [value])]
        )
    chosen = ItemFilterSet(asked, queryset=items, request=request)
    if not chosen.is_valid():
        fields = {f"filter.{name}": list(texts) for name, texts in chosen.errors.items()}
        raise Invalid(next(iter(fields.values()))[0], fields=fields)
    found: QuerySet[LibraryItem] = chosen.qs
    return found


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
