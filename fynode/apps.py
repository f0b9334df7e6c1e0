from django.apps import AppConfig


class FynodeConfig(AppConfig):
    name = "fynode"
