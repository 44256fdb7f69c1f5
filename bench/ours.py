"""postroom, as ./quickstart sets it up."""
from systems import System


class Postroom(System):
    name = "postroom"
