from django.urls import path

from orders import warehouse_views as views

app_name = "warehouse"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("new/", views.edit, name="new"),
    path("<int:pk>/", views.edit, name="edit"),
    path("hand-over/", views.hand_over_selected, name="hand_over"),
    path("take-back/", views.take_back_order, name="take_back"),
    path("handovers/<int:pk>/", views.download, name="download"),
]
