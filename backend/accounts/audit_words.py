"""The words of the audit log: what was done, to what, from which state to which.

The log keeps names that no translation changes; `test_audit_words` finds one without words here.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: dict[str, str | Promise] = {
    "add_screenshot": _("Screenshot added"),
    "approve": _("Approved"),
    "approve_title": _("Title approved"),
    "approve_avatar": _("Avatar approved"),
    "ban": _("Banned"),
    "ban_chosen": _("Banned with others"),
    "ban_pictures": _("Pictures banned"),
    "block_group": _("Group blocked"),
    "change_follow": _("Chapters from a source changed"),
    "change_status": _("Status changed"),
    "create_person": _("Person added"),
    "create_title": _("Title added"),
    "create_user": _("Account made"),
    "create_category": _("Category added"),
    "create_tag": _("Tag added"),
    "create_volume": _("Volume added"),
    "create_group": _("Group added"),
    "edit_person": _("Person changed"),
    "edit_title": _("Title changed"),
    "edit_user": _("Account changed"),
    "edit_category": _("Category changed"),
    "edit_tag": _("Tag changed"),
    "edit_volume": _("Volume changed"),
    "edit_group": _("Group changed"),
    "edit_chapter": _("Chapter changed"),
    "delete": _("Deleted"),
    "delete_account": _("Account deleted"),
    "delete_all_uploads": _("All uploads deleted"),
    "delete_category": _("Category deleted"),
    "delete_pages": _("Pages deleted"),
    "delete_person": _("Person deleted"),
    "delete_tag": _("Tag deleted"),
    "delete_title": _("Title deleted"),
    "delete_volume": _("Volume deleted"),
    "decide_case": _("Case decided"),
    "grant_uploader": _("May upload"),
    "refuse_uploader": _("May not upload"),
    "follow_source": _("Chapters from a source asked for"),
    "hold": _("Held for a moderator"),
    "lift_ban": _("Ban lifted"),
    "merge_title": _("Title merged"),
    "order_screenshots": _("Screenshots put in order"),
    "readdress_title": _("New address"),
    "refuse_avatar": _("Avatar refused"),
    "reject": _("Rejected"),
    "reject_title": _("Title rejected"),
    "remove_cover": _("Cover removed"),
    "set_cover": _("Cover set"),
    "remove_screenshot": _("Screenshot removed"),
    "remove_second_factor": _("Second factor removed"),
    "restore": _("Restored"),
    "restore_title": _("Title restored"),
    "retry_chapter": _("Chapter fetched anew"),
    "set_password": _("Password set"),
    "spare_staff": _("Spared as staff"),
    "strike": _("Strike"),
    "stop_follow": _("Chapters from a source stopped"),
    "switch_chapters": _("Chapters of a source switched"),
    "switch_source": _("Source switched"),
    "take_down": _("Taken down"),
    "take_from_source": _("Taken from a source"),
    "trust": _("Trusted"),
    "untrust": _("Trusted no more"),
    "unblock_group": _("Group unblocked"),
    "unban_picture": _("Picture unbanned"),
    "unban_pictures": _("Pictures unbanned"),
    "undo_approve": _("Approval undone"),
    "undo_reject": _("Rejection undone"),
    "undo_mass_deletion": _("Mass deletion undone"),
    "unmerge_title": _("Merging of a title undone"),
    "unpublish_title": _("Title unpublished"),
    "warn": _("Warned"),
    "withdraw": _("Withdrawn"),
    "withdraw_title": _("Title withdrawn"),
}
STATES: dict[str, str | Promise] = {
    "received": _("Waiting for the check"),
    "extracting": _("Being checked"),
    "awaiting_review": _("Waiting for review"),
    "publishing": _("Being published"),
    "live": _("Published"),
    "failed": _("Failed the check"),
    "rejected": _("Rejected"),
    "withdrawn": _("Withdrawn"),
    "superseded": _("Replaced by a newer one"),
    "taken_down": _("Taken down"),
    "deleted": _("Deleted"),
    "draft": _("Draft"),
    "pending": _("Waiting for review"),
    "approved": _("Approved"),
    "unlisted": _("Unlisted"),
    "announced": _("Announced"),
    "ongoing": _("Ongoing"),
    "completed": _("Completed"),
    "hiatus": _("On hiatus"),
    "cancelled": _("Cancelled"),
    "open": _("Open"),
    "acted": _("Acted"),
    "dismissed": _("Dismissed"),
    "waiting": _("Waiting"),
    "granted": _("Granted"),
    "refused": _("Refused"),
    "banned": _("Banned"),
    "free": _("Not banned"),
    "on": _("On"),
    "off": _("Off"),
    "public": _("Public"),
    "removed": _("Removed"),
    "key ended": _("Key ended"),
    "reader": _("Reader"),
    "uploader": _("Uploader"),
    "trusted": _("Trusted uploader"),
    "moderator": _("Moderator"),
    "admin": _("Admin"),
}
SUBJECTS: dict[str, str | Promise] = {
    "upload": _("upload"),
    "title": _("title"),
    "series": _("series"),
    "user": _("user"),
    "person": _("person"),
    "chapter": _("chapter"),
    "volume": _("volume"),
    "group": _("group"),
    "category": _("category"),
    "tag": _("tag"),
    "case": _("case"),
    "bannedpicture": _("banned picture"),
    "sourcesettings": _("source"),
    "sourcefollow": _("chapters from a source"),
    "groupblock": _("blocked group"),
    "massdeletion": _("deletion of all uploads"),
}
STRIKES: dict[str, str | Promise] = {
    "manual": _("Given by a moderator"),
    "path_traversal": _("A path that leaves the archive"),
    "symlink": _("A link in the archive"),
    "special_file": _("A special file in the archive"),
    "type_mismatch": _("A program named as an image"),
    "bad_type": _("A program named as an image"),
    "bomb": _("An archive bomb"),
    "image_bomb": _("An image bomb"),
}


def action_words(action: str) -> str:
    """Say what was done."""
    return str(ACTIONS.get(action, action))


def state_words(states: str) -> str:
    """Say a state, or several with commas between, such as roles."""
    return ", ".join(str(STATES.get(state, state)) for state in states.split(", "))


def subject_words(subject_type: str) -> str:
    """Say what kind of thing it was."""
    return str(SUBJECTS.get(subject_type, subject_type))


def strike_words(code: str) -> str:
    """Say what a strike was given for."""
    return str(STRIKES.get(code, code))
