from django.urls import path

from sync import marketplace_views as views

app_name = "marketplaces"
urlpatterns = [
    path("", views.marketplaces, name="list"),
    path("kind/", views.change_kind, name="kind"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/mapping/", views.mapping, name="mapping"),
]
