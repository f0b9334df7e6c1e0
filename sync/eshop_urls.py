from django.urls import path

from sync import eshop_views as views
from sync import mapping_views

app_name = "eshop"
urlpatterns = [
    path("", views.connection, name="connection"),
    path("activity/", views.activity, name="activity"),
    path("sequences/", views.sequences, name="sequences"),
    path("sequences/add/<str:kind>/", views.add_sequence, name="add_sequence"),
    path("sequences/<int:pk>/", views.sequence, name="sequence"),
    path("sequences/<int:pk>/follow/", views.follow, name="follow"),
    path("sequences/<int:pk>/delete/", views.delete_sequence, name="delete_sequence"),
    path("load/", views.load, name="load"),
    path("loads/", views.loads, name="loads"),
    path("mapping/", mapping_views.mapping, name="mapping"),
    path("mapping/<int:pk>/", mapping_views.mapping, name="edit_mapping"),
    path("mapping/<int:pk>/move/", mapping_views.move_mapping, name="move_mapping"),
    path("mapping/<int:pk>/delete/", mapping_views.delete_mapping, name="delete_mapping"),
]
