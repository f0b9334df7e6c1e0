from django.urls import path

from sync import rule_views as views

app_name = "rules"
urlpatterns = [
    path("e-shops/<int:eshop_id>/rules/", views.of_eshop, name="eshop"),
    path("warehouse/<int:pk>/rules/", views.of_warehouse, name="warehouse"),
]
