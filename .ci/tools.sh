# Sourced by the scripts beside it: puts uv, at one version, on the PATH. Needs only Python 3.11 and pip.

UV_VERSION=0.13.9

if [ ! -x .tools/bin/uv ] || [ "$(.tools/bin/uv --version | cut -d ' ' -f 2)" != "$UV_VERSION" ]; then
  # --target and the variable: also where pip refuses to install outside of a virtual environment.
  PIP_REQUIRE_VIRTUALENV=0 python3 -m pip install --quiet --upgrade --target .tools "uv==$UV_VERSION"
fi
PATH="$PWD/.tools/bin:$PATH"
export PATH
