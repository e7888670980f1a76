from . import controllers, models, wizards
from .hooks import uninstall_hook
from .tools.connection.log_filter import install

install()
