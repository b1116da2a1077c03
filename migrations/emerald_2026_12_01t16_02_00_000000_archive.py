"""An archive of what is long over"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T16:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An archive of what is long over"

FORWARDS = """
CREATE TABLE instance_seats_archive (LIKE instance_seats);
ALTER TABLE instance_seats_archive ADD CONSTRAINT instance_seats_archive_pkey PRIMARY KEY (instance_id);
COMMENT ON TABLE instance_seats_archive IS 'rows of instance_seats that are long over, moved by emerald archive';
CREATE TABLE bookings_archive (LIKE bookings);
ALTER TABLE bookings_archive ADD CONSTRAINT bookings_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE bookings_archive IS 'rows of bookings that are long over, moved by emerald archive';
CREATE TABLE absences_archive (LIKE absences);
ALTER TABLE absences_archive ADD CONSTRAINT absences_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE absences_archive IS 'rows of absences that are long over, moved by emerald archive';
CREATE TABLE cards_archive (LIKE cards);
ALTER TABLE cards_archive ADD CONSTRAINT cards_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE cards_archive IS 'rows of cards that are long over, moved by emerald archive';
CREATE TABLE messages_archive (LIKE messages);
ALTER TABLE messages_archive ADD CONSTRAINT messages_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE messages_archive IS 'rows of messages that are long over, moved by emerald archive';
CREATE TABLE event_instances_archive (LIKE event_instances);
ALTER TABLE event_instances_archive ADD CONSTRAINT event_instances_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE event_instances_archive IS 'rows of event_instances that are long over, moved by emerald archive';
CREATE TABLE event_participation_log_archive (LIKE event_participation_log);
ALTER TABLE event_participation_log_archive ADD CONSTRAINT event_participation_log_archive_pkey PRIMARY KEY (id);
COMMENT ON TABLE event_participation_log_archive IS 'rows of event_participation_log that are long over, moved by emerald archive';
CREATE INDEX bookings_archive_instance_id_idx ON bookings_archive (instance_id);
CREATE INDEX bookings_archive_membership_id_idx ON bookings_archive (membership_id);
CREATE INDEX absences_archive_instance_id_idx ON absences_archive (instance_id);
CREATE INDEX absences_archive_account_id_idx ON absences_archive (account_id);
CREATE INDEX absences_archive_membership_id_idx ON absences_archive (membership_id);
CREATE INDEX cards_archive_instance_id_idx ON cards_archive (instance_id);
CREATE INDEX cards_archive_asked_by_idx ON cards_archive (asked_by);
CREATE INDEX messages_archive_instance_id_idx ON messages_archive (instance_id);
CREATE INDEX messages_archive_user_id_idx ON messages_archive (user_id);
CREATE INDEX event_instances_archive_account_id_starts_at_idx ON event_instances_archive (account_id, starts_at);
CREATE INDEX event_participation_log_archive_instance_id_membership_id_idx ON event_participation_log_archive (instance_id, membership_id);
CREATE INDEX event_participation_log_archive_membership_id_idx ON event_participation_log_archive (membership_id);
CREATE INDEX event_participation_log_archive_by_user_id_idx ON event_participation_log_archive (by_user_id);
CREATE UNIQUE INDEX event_instances_archive_code_idx ON event_instances_archive (code);
-- What names an instance, wherever it is.
CREATE VIEW all_event_instances AS
    SELECT id, account_id, series_id, code, title, starts_at FROM event_instances
    UNION ALL SELECT id, account_id, series_id, code, title, starts_at FROM event_instances_archive;
"""

BACKWARDS = """
DROP VIEW all_event_instances;
DROP TABLE instance_seats_archive, bookings_archive, absences_archive, cards_archive, messages_archive, event_instances_archive, event_participation_log_archive;
"""


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def up() -> None:
    await run(FORWARDS)


async def down() -> None:
    await run(BACKWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw(up)
    manager.add_raw_backwards(down)
    return manager
