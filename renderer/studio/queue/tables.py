"""The tables, their version, and the steps that bring an older database to this version."""

from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    literal_column,
    select,
    text,
)

from renderer.studio.queue.job_fields import COLUMNS
from renderer.studio.queue.location import VERSION
from renderer.studio.queue.states import StudioError

metadata = MetaData()
_TYPES = {"TEXT": Text, "INTEGER": Integer}

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # render or plot
    Column("name", Text, nullable=False),  # of the work and of its folder
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),  # a spec; of a plot: a folder, an SVG or G-code
    Column(
        "changes", Text, nullable=False
    ),  # JSON: changes to the spec, such as layers.0.steps=50; of a plot: its options
    Column("out", Text, nullable=False),  # of a render: the folder in which its folder is made
    Column("machine", Text, nullable=False),  # of a plot: the machine, which is also the name of its queue
    Column("draft", Integer, nullable=False),  # of a render: small and quick
    Column("follows", Integer),  # the render that makes what this job plots
    Column("edition", Integer, nullable=False),  # the number of this sheet
    Column("editions", Integer, nullable=False),  # of this many
    *(Column(field.name, _TYPES[field.column_type], nullable=False) for field in COLUMNS),  # note, due, priority ...
    Column("place", Float, nullable=False),  # the order: the highest priority first, then the lowest place
    Column("state", Text, nullable=False),  # that the job has reached
    Column("wanted", Text, nullable=False),  # a request: pause, cancel, emergency, or empty
    Column("how", Text, nullable=False),  # how a plot that stopped goes on: stroke, pass, restart, or empty
    Column("tries", Integer, nullable=False),
    Column("not_before", Float, nullable=False),  # seconds since 1970, like all times here
    Column("token", Integer, nullable=False),  # grows with each lease and whenever a lease is taken back
    Column("worker", Text, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("progress", Text, nullable=False),  # JSON
    Column("result", Text, nullable=False),  # JSON
    Column("error", Text, nullable=False),
    Column("fault", Text, nullable=False),  # of a render: the bug that ended its last try, if there was one
    Column("released", Text, nullable=False),  # JSON: the sha256 of the drawing of a plot, at, who; since version 2
    Column("made", Float, nullable=False),
    Column("began", Float),
    Column("ended", Float),
    sqlite_autoincrement=True,  # the number of a job that is gone is never used again
)
Index("jobs_order", jobs.c.kind, jobs.c.state, jobs.c.priority.desc(), jobs.c.place)
Index("jobs_leases", jobs.c.state, jobs.c.lease_until)
# One plot per machine, whatever the programs do. As SQL, because SQLAlchemy's own form loads all of its dialects
_ONE_PLOT = """
CREATE UNIQUE INDEX one_plot_a_machine ON jobs (machine) WHERE kind = 'plot'
AND state IN ('claimed', 'awaiting_operator', 'plotting', 'pausing', 'paused', 'finishing')
"""

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("job", Integer, nullable=False),  # no foreign key: events stay when the job is gone
    Column("what", Text, nullable=False),  # kind and title, for the same reason
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("events_of_a_job", "job", "id"),
    sqlite_autoincrement=True,
)

prompts = Table(
    "prompts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Integer, nullable=False),
    Column("token", Integer, nullable=False),  # of the lease under which it was asked
    Column("kind", Text, nullable=False),  # load, pen, origin, pause, fault, resume, clear, attention
    Column("title", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("choices", Text, nullable=False),  # JSON: [[key, label], ...]
    Column("fallback", Text, nullable=False),  # the choice that the button Continue makes
    Column("about", Text, nullable=False),  # JSON, such as the pen
    Column("state", Text, nullable=False),  # open, answered, closed
    Column("answer", Text, nullable=False),
    Column("numbers", Text, nullable=False),  # JSON: x, y, z of a nudge
    Column("who", Text, nullable=False),
    Column("asked", Float, nullable=False),
    Column("ended", Float),
    Index("prompts_of_a_job", "job", "state"),
    sqlite_autoincrement=True,
)

pictures = Table(
    "pictures",
    metadata,
    Column("job", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),  # progress, preview
    Column("media", Text, nullable=False),  # image/webp
    Column("at", Float, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

queues = Table(
    "queues",
    metadata,
    Column("name", Text, primary_key=True),  # `render`, or that of a machine
    Column("paused", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("sheet", Text, nullable=False),  # the drawn sheet on the machine's bed; empty if none is known
    Column("lost", Text, nullable=False, server_default=""),  # why its position may be lost; since version 3
)

moves = Table(
    "moves",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("name", Text, nullable=False),  # home, origin, jog, park, pen_up, pen_down, test, outline, air
    Column("numbers", Text, nullable=False),  # JSON: x, y of a jog; the part whose pen is meant
    Column("job", Integer),  # the plot whose drawing is meant
    Column("state", Text, nullable=False),  # open, running, stopping, done, refused
    Column("said", Text, nullable=False),  # what was done, or why not
    Column("who", Text, nullable=False),
    Column("asked", Float, nullable=False),
    Column("ended", Float),
    Index("moves_of_a_machine", "machine", "id"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("place", Text, nullable=False),  # the device or machine that it has exclusively, or else its own name
    Column("seen", Float, nullable=False),
    Index("workers_places", "place", unique=True),
)

inks = Table(
    "inks",
    metadata,
    Column("machine", Text, primary_key=True),
    Column("pen", Text, primary_key=True),  # its label: `black 0.5`
    Column("colour", Text, nullable=False),
    Column("lasts_m", Float),  # metres of a new pen; None if its rack does not say that
    Column("drawn_m", Float, nullable=False),  # since it was new
    Column("since", Float, nullable=False),
)


def _second(connection: Connection) -> None:
    """Version 1 to 2: pictures, the drawing that a plot is released for, bugs that happen twice."""
    for column, value in (("fault", ""), ("released", "{}")):
        connection.exec_driver_sql(f"ALTER TABLE jobs ADD COLUMN {column} TEXT NOT NULL DEFAULT '{value}'")
    pictures.create(connection)


def _third(connection: Connection) -> None:
    """Version 2 to 3: moves of machines outside a plot, whether their position may be lost, the ink of pens."""
    connection.exec_driver_sql("ALTER TABLE queues ADD COLUMN lost TEXT NOT NULL DEFAULT ''")
    moves.create(connection)
    inks.create(connection)


_CHANGES = {2: _second, 3: _third}  # what a version changes, apart from the columns of new job fields


def _migration(version: int) -> Callable[[Connection], None]:
    """The step from the previous version to this one: its own change, and the columns of the fields that it added."""

    def migrate(connection: Connection) -> None:
        if version in _CHANGES:
            _CHANGES[version](connection)
        for field in COLUMNS:
            if field.since == version:
                default = f"'{field.default}'" if field.column_type == "TEXT" else field.default
                connection.exec_driver_sql(
                    f"ALTER TABLE jobs ADD COLUMN {field.name} {field.column_type} NOT NULL DEFAULT {default}"
                )

    return migrate


# How a database of version n + 1 becomes one of version n + 2. A new database is made in the newest version.
MIGRATIONS = tuple(_migration(version) for version in range(2, VERSION + 1))

_SQLITE_STAY = (
    "CREATE TRIGGER events_stay_{0} BEFORE {0} ON events BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END"
)
_POSTGRES_STAY = """
CREATE FUNCTION events_stay() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'events are only ever added'; END $$ LANGUAGE plpgsql;
CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_stay();
"""


def up_to_date(
    connection: Connection, migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS, newest: int = VERSION
) -> int:
    """Make the tables, or bring them to this version; return the version that was found, 0 for an empty database.

    All in one transaction. Raises StudioError if the database is newer than this program or is not a queue.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7236)"))  # for two workers that start at once
    found = version(connection)
    if found > newest:
        raise StudioError(
            f"this queue was made by a newer render (its tables have version {found}, this program knows {newest});"
            " update render on this machine"
        )
    if found == 0:
        metadata.create_all(connection)
        connection.exec_driver_sql(_ONE_PLOT)
        _keep_events(connection)
        connection.execute(meta.insert().values(name="schema", value=str(newest)))
        return 0
    for migrate in migrations[found - 1 : newest - 1]:
        migrate(connection)
    if found < newest:
        connection.execute(meta.update().where(meta.c.name == "schema").values(value=str(newest)))
    return found


def version(connection: Connection) -> int:
    """The version of the tables; 0 if there are none. Raises StudioError if they belong to another program."""
    if not inspect(connection).has_table("meta"):
        return 0
    value = connection.execute(select(meta.c.value).where(meta.c.name == literal_column("'schema'"))).scalar()
    if value is None:
        raise StudioError("this database holds tables that are not a queue of render; name another with --db")
    return int(value)


def _keep_events(connection: Connection) -> None:
    """Let the database itself refuse to change events."""
    if connection.dialect.name == "sqlite":
        for doing in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(_SQLITE_STAY.format(doing))
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_POSTGRES_STAY)
