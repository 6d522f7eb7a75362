"""Runs the web server of `make up`, under the settings of the environment."""

import os

import django

django.setup()

from mangakg.supervisor import web_command  # noqa: E402

if __name__ == "__main__":
    command = web_command()
    os.execv(command[0], command)
