from . import controllers, models, wizards
from .hooks import uninstall_hook
from .log_filter import install

install()
