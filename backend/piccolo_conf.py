"""What Piccolo's migrations ask for by the variable PICCOLO_CONF: the engine and the list of tables. Nothing
else imports this module, because it imports every table."""

from piccolo.conf.apps import AppRegistry

from backend.engine import DB

__all__ = ["APP_REGISTRY", "DB"]

APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])
