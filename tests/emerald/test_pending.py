"""The ids of the migrations are read from their files as Piccolo reads them."""

from piccolo.apps.migrations.commands.base import BaseMigrationManager

from backend.piccolo_app import APP_CONFIG
from emerald.pending import migration_ids


def test_the_ids_are_those_that_piccolo_finds() -> None:
    modules = BaseMigrationManager().get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    assert list(migration_ids()) == sorted(modules)
    assert len(migration_ids()) == len(set(migration_ids())) > 17
