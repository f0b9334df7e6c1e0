from django.urls import path

from sync import eshop_views as views

app_name = "connect"
urlpatterns = [
    path("", views.platforms, name="platforms"),
    path("<slug:platform>/", views.add, name="add"),
]
