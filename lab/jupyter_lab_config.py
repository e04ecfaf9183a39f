"""JupyterLab as this repository starts it: quiet, offline, with the kernel of .venv."""

from pathlib import Path

c = get_config()  # noqa: F821  (Jupyter puts it there)

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.app_settings_dir = str(Path(__file__).parent / "settings")  # overrides.json: no question about news
c.LabServerApp.blocked_extensions_uris = ""
c.ServerApp.allow_root = True  # in a container one is often root; the server still listens on this machine only and asks for its token
c.KernelSpecManager.ensure_native_kernel = True
c.KernelSpecManager.allowed_kernelspecs = {"python3"}
