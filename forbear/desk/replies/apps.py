"""The app's name for Django."""

from django.apps import AppConfig


class Replies(AppConfig):
    """`forbear.desk.replies`, known to Django as `replies`."""

    name = "forbear.desk.replies"
    label = "replies"
