"""What `voc doctor` looks at outside the repository's own files: Python, packages, GPU, browser, git, disk. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voclib.results import Text
from voclib.running.diagnosis import Finding, listed

if TYPE_CHECKING:
    from voclib.running.workspace import Workspace

LOW_DISK = 2_000_000_000  # bytes; the sample edition with its environment takes half of that
LOCK = "requirements/core.lock"
CHROMIUM = Path("/usr/bin/chromium")  # where the tests of pages look for it
PATIENCE = 2  # seconds that another program may take to answer
EXTRAS = {
    "topics": Text("文本主题（BERTopic、UMAP、HDBSCAN），中英文都行", "topics in free text (BERTopic, UMAP, HDBSCAN), Chinese and English"),
    "embed": Text("英文句子向量（MiniLM）：用词不同、意思相近的话归到一处；一万条英文银行提问上，与人工分类的吻合度（AMI）从 0.61 升到 0.79；"
                    "只懂英文，中文照旧按字的组合算",
                    "English sentence vectors (MiniLM): comments similar in meaning are grouped even where words differ; on 10,000 bank questions, "
                    "topics agree with human labels at an AMI of 0.79 (0.61 without); English only, Chinese still uses character sequences"),
    "gpu": Text("在 NVIDIA 显卡上算主题（RAPIDS）", "topics on an NVIDIA GPU (RAPIDS)"),
    "causal": Text("DoubleML：独立核对因果估计", "DoubleML, an independent check of effect estimates"),
    "survival": Text("lifelines：独立核对生存曲线", "lifelines, an independent check of survival curves"),
    "scale": Text("把报告分派到多台机器上跑", "running reports on several machines"),
    "lab": Text("JupyterLab 与可交互图表（make lab）", "JupyterLab with live charts (make lab)"),
    "test": Text("测试与代码检查（make test）", "tests and code checks (make test)"),
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)[^\S\n]*(?:;[^\S\n]*([^\\\n]+?))?[^\S\n]*\\?$", re.MULTILINE)
_OPTIONAL = Text("可选；其余一切照常。", "Optional; everything else works without it.")


def python(space: Workspace) -> Iterator[Finding]:
    """Whether this Python is one that the project supports, as `requires-python` says."""
    wanted = re.search(r'^requires-python\s*=\s*"([^"]+)"', (space.root / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    spec, here = wanted[1] if wanted else "", ".".join(map(str, sys.version_info[:3]))
    limits = [(sign, tuple(map(int, number.split(".")))) for sign, number in re.findall(r"(>=|<)\s*(\d+(?:\.\d+)*)", spec)]
    fits = all((sys.version_info[:len(at)] >= at) if sign == ">=" else (sys.version_info[:len(at)] < at) for sign, at in limits)
    yield Finding(
        topic=Text("Python", "Python"), status="ok" if fits else "missing", needed=True,
        there=Text(f"{here}（要求 {spec or '未注明'}）", f"{here} (required: {spec or 'not stated'})"),
        why=Text("锁定的包只为这些版本解算过。", "The locked packages were resolved only for these versions."),
        fix="" if fits else "make reports PYTHON=python3.12")


def packages(space: Workspace) -> Iterator[Finding]:
    """Every locked package, in the locked version."""
    pins = [(name, version, installed(name)) for name, version in locked((space.root / LOCK).read_text("utf-8"))]
    absent = [f"{name} {version}" for name, version, have in pins if not have]
    other = [(name, have, version) for name, version, have in pins if have not in (None, version)]
    right = len(pins) - len(absent) - len(other)
    zh, en = [f"{len(pins)} 个锁定的包，{right} 个版本正确"], [f"{right} of {len(pins)} locked packages in the right version"]
    if absent:
        zh.append(f"没有：{listed(absent, 'zh')}")
        en.append(f"missing: {listed(absent, 'en')}")
    if other:
        zh.append("版本不同：" + listed([f"{n} {have}（应为 {want}）" for n, have, want in other], "zh"))
        en.append("wrong version: " + listed([f"{n} {have} (should be {want})" for n, have, want in other], "en"))
    yield Finding(
        topic=Text("锁定的包", "Locked packages"), status="missing" if absent else "warn" if other else "ok", needed=True,
        there=Text("；".join(zh), "; ".join(en)),
        why=Text("缺了包，报告跑不起来；版本不同，字节就不一定相同。",
                   "Reports cannot run without a package; with another version, their bytes may differ."),
        fix=f"python -m pip install --no-deps --require-hashes -r {LOCK}" if absent or other else "")


def locked(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of every pin of a lock that applies to this Python; a marker nobody here can read is taken not to apply."""
    marker = _marker()
    for name, version, condition in _PIN.findall(text):
        if not condition or (marker and marker(condition).evaluate()):
            yield name, version


def _marker() -> Callable[[str], Any] | None:
    """The reader of environment markers: the package of its own, else the copy inside pip."""
    for module in ("packaging.markers", "pip._vendor.packaging.markers"):
        with suppress(ImportError):
            return import_module(module).Marker
    return None


def installed(package: str) -> str | None:
    """The version of an installed package; None where it is absent or its record is damaged."""
    try:
        return metadata.version(package) or None
    except (metadata.PackageNotFoundError, KeyError, TypeError, ValueError):  # the latter three: a record without METADATA or version
        return None


def extras(space: Workspace) -> Iterator[Finding]:
    """The optional parts that pyproject.toml declares: what each adds, and which of its packages are absent."""
    import tomllib

    declared = tomllib.loads((space.root / "pyproject.toml").read_text("utf-8"))["project"].get("optional-dependencies", {})
    for name in [*EXTRAS, *(extra for extra in declared if extra not in EXTRAS)]:
        adds = EXTRAS.get(name, Text(name, name))
        topic = Text(f"可选 {name}", f"Extra {name}")
        if name not in declared:
            without = Text(f"这一版没有；它会提供：{adds.zh}", f"not part of this version; it would provide {adds.en}")
            yield Finding(topic=topic, status="ok", why=_OPTIONAL, there=without)
            continue
        absent = [part for part in (re.match(r"[A-Za-z0-9._-]+", need)[0] for need in declared[name]) if not installed(part)]
        useless = bool(absent) and name == "gpu" and not gpus()  # nothing to install RAPIDS for
        zh, en = (f"；没有：{listed(absent, 'zh')}", f"; missing: {listed(absent, 'en')}") if absent else ("", "")
        yield Finding(topic=topic, status="warn" if absent and not useless else "ok", why=_OPTIONAL, there=Text(adds.zh + zh, adds.en + en),
                      fix=("make embed" if name == "embed" else f"pip install -e '.[{name}]'") if absent and not useless else "")


def gpu(space: Workspace) -> Iterator[Finding]:
    """Whether a CUDA device can be seen; none is needed."""
    found, asked = gpus(), shutil.which("nvidia-smi")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    if found:
        there = Text(f"看得见 {len(found)} 块：{listed(found, 'zh')}", f"{len(found)} visible: {listed(found, 'en')}")
    elif asked and hidden:
        there = Text("被 CUDA_VISIBLE_DEVICES 遮住了；用处理器算，结论一样算数", "hidden by CUDA_VISIBLE_DEVICES; the CPU works just as well")
    else:
        what = ("有 nvidia-smi，但没有设备应答", "nvidia-smi is there, but no device answers") if asked else ("没有 nvidia-smi", "no nvidia-smi here")
        there = Text(f"{what[0]}；用处理器算，结论一样算数", f"{what[1]}; the CPU works just as well")
    yield Finding(topic=Text("显卡", "GPU"), status="ok", there=there, why=_OPTIONAL)


def gpus() -> list[str]:
    """Names of the CUDA devices that programs here may use."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return []
    return re.findall(r"^GPU \d+: (.+?)(?: \(UUID.*)?$", _answer("nvidia-smi", "-L"), re.MULTILINE)


def browser(space: Workspace) -> Iterator[Finding]:
    """Chromium and a Chinese font, for the tests that open pages."""
    lacks = [] if CHROMIUM.exists() or shutil.which("chromium") else ["chromium"]
    if "CJK" not in _answer("fc-list", ":lang=zh", "family"):
        lacks.append("fonts-noto-cjk")
    yield Finding(
        topic=Text("浏览器与中文字体", "Browser and Chinese font"), status="warn" if lacks else "ok",
        there=Text(f"没有 {listed(lacks, 'zh')}", f"missing: {listed(lacks, 'en')}") if lacks else
        Text("Chromium 与中文字体都有", "Chromium and a Chinese font are installed"),
        why=Text("只有打开网页的测试需要。", "Only tests that open web pages need them."),
        fix=f"apt-get install {' '.join(lacks)}" if lacks else "")


def git(space: Workspace) -> Iterator[Finding]:
    """git and a history, which `voc compare` reads."""
    program, history = bool(shutil.which("git")), (space.root / ".git").exists()
    there = Text("有 git，也有历史", "git is installed and there is a history") if program and history else \
        Text("有 git，但这个文件夹没有历史", "git is installed, but this folder has no history") if program else Text("没有 git", "no git here")
    yield Finding(topic=Text("git", "git"), status="ok" if program and history else "warn", there=there,
                  why=Text("voc compare 从历史里取以前发布的报告。", "voc compare takes earlier published reports from the history."),
                  fix="" if program and history else "git init" if program else "apt-get install git")


def disk(space: Workspace) -> Iterator[Finding]:
    """Free space where the repository lies."""
    free = shutil.disk_usage(space.root).free
    yield Finding(topic=Text("磁盘", "Disk"), status="ok" if free >= LOW_DISK else "warn",
                  there=Text(f"剩 {free / 1e9:.1f} GB", f"{free / 1e9:.1f} GB free"),
                  why=Text("不足 2 GB 时，一次全部重跑可能写不完。", "With less than 2 GB, a full rerun may not finish writing."),
                  fix="" if free >= LOW_DISK else "du -sh build data reports")


def permission(space: Workspace) -> Iterator[Finding]:
    """Whether build/, data/ and reports/ can be written to, or made."""
    barred = [folder.name for folder in (space.build, space.root / "data", space.reports) if not _writable(folder)]
    yield Finding(
        topic=Text("写权限", "Write permission"), status="missing" if barred else "ok", needed=True,
        there=Text(f"写不进 {listed(barred, 'zh')}", f"cannot write to {listed(barred, 'en')}") if barred else
        Text("build、data、reports 都能写", "build, data and reports are writable"),
        why=Text("数据、报告和缓存写在这里。", "Data, reports and caches are written there."),
        fix=f"chmod -R u+w {' '.join(barred)}" if barred else "")


def _writable(folder: Path) -> bool:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _answer(program: str, *arguments: str) -> str:
    """What another program prints; empty where it is absent, fails or takes too long."""
    if not (path := shutil.which(program)):
        return ""
    try:
        return subprocess.run([path, *arguments], capture_output=True, text=True, timeout=PATIENCE, errors="replace").stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
