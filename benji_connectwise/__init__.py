from . import controllers, models, wizards
from .hooks import uninstall_hook
from .tools.log_filter import install

install()
