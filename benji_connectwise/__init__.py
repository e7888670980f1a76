from . import controllers, models, wizards
from .log_filter import install

install()
