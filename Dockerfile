# The connector as a task on Fargate, which is one `host-pms sync`: its options follow the image's name.
# The base is pinned by tag, what is installed by hash; nothing is compiled, so one stage is enough.
FROM python:3.12-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

WORKDIR /app

# Before the source, so that a change of code installs nothing again.
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY src/ ./src/

# By number, so that the platform can see that it is not root; no account of that name is needed.
USER 10001:10001

# The command stops cleanly on it: what was written stays whole.
STOPSIGNAL SIGTERM

ENTRYPOINT ["python", "-m", "src.main"]
