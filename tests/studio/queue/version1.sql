CREATE TABLE events (
 id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
 at FLOAT NOT NULL,
 job INTEGER NOT NULL,
 what TEXT NOT NULL,
 "before" TEXT NOT NULL,
 "after" TEXT NOT NULL,
 who TEXT NOT NULL,
 why TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1800000000.0,1,'render Red disc','','queued','ada','added');
INSERT INTO "events" VALUES(2,1800000000.0,2,'plot Red disc','','draft','ada','added');
INSERT INTO "events" VALUES(3,1800000000.0,3,'plot A line','','draft','ada','added');
INSERT INTO "events" VALUES(4,1800000000.0,3,'plot A line','draft','queued','ada','released');
INSERT INTO "events" VALUES(5,1800000000.0,1,'render Red disc','queued','running','w','taken up');
CREATE TABLE jobs (
 id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
 kind TEXT NOT NULL,
 name TEXT NOT NULL,
 title TEXT NOT NULL,
 source TEXT NOT NULL,
 changes TEXT NOT NULL,
 out TEXT NOT NULL,
 machine TEXT NOT NULL,
 draft INTEGER NOT NULL,
 follows INTEGER,
 edition INTEGER NOT NULL,
 editions INTEGER NOT NULL,
 note TEXT NOT NULL,
 due TEXT NOT NULL,
 priority INTEGER NOT NULL,
 place FLOAT NOT NULL,
 state TEXT NOT NULL,
 wanted TEXT NOT NULL,
 how TEXT NOT NULL,
 tries INTEGER NOT NULL,
 not_before FLOAT NOT NULL,
 token INTEGER NOT NULL,
 worker TEXT NOT NULL,
 lease_until FLOAT NOT NULL,
 progress TEXT NOT NULL,
 result TEXT NOT NULL,
 error TEXT NOT NULL,
 made FLOAT NOT NULL,
 began FLOAT,
 ended FLOAT
);
INSERT INTO "jobs" VALUES(1,'render','disc','Red disc','disc.yaml','[]','out','',0,NULL,1,1,'for the long wall','2026-12-01',0,1024.0,'running','','',1,0.0,1,'w',1800000030.0,'{"share": 0.5}','{}','',1800000000.0,1800000000.0,NULL);
INSERT INTO "jobs" VALUES(2,'plot','disc','Red disc','disc.yaml','[]','out','gantry',0,1,1,1,'','',0,2048.0,'draft','','',0,0.0,0,'',0.0,'{}','{}','',1800000000.0,NULL,NULL);
INSERT INTO "jobs" VALUES(3,'plot','line','A line','line.svg','[]','out','gantry',0,NULL,1,1,'','',0,3072.0,'queued','','',0,0.0,0,'',0.0,'{}','{}','',1800000000.0,NULL,NULL);
CREATE TABLE meta (
 name TEXT NOT NULL,
 value TEXT NOT NULL,
 PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema','1');
CREATE TABLE prompts (
 id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
 job INTEGER NOT NULL,
 token INTEGER NOT NULL,
 kind TEXT NOT NULL,
 title TEXT NOT NULL,
 said TEXT NOT NULL,
 choices TEXT NOT NULL,
 fallback TEXT NOT NULL,
 about TEXT NOT NULL,
 state TEXT NOT NULL,
 answer TEXT NOT NULL,
 numbers TEXT NOT NULL,
 who TEXT NOT NULL,
 asked FLOAT NOT NULL,
 ended FLOAT
);
CREATE TABLE queues (
 name TEXT NOT NULL,
 paused INTEGER NOT NULL,
 why TEXT NOT NULL,
 sheet TEXT NOT NULL,
 PRIMARY KEY (name)
);
CREATE TABLE workers (
 name TEXT NOT NULL,
 kind TEXT NOT NULL,
 place TEXT NOT NULL,
 seen FLOAT NOT NULL,
 PRIMARY KEY (name)
);
CREATE INDEX jobs_leases ON jobs (state, lease_until);
CREATE INDEX jobs_order ON jobs (kind, state, priority DESC, place);
CREATE INDEX events_of_a_job ON events (job, id);
CREATE INDEX prompts_of_a_job ON prompts (job, state);
CREATE UNIQUE INDEX workers_places ON workers (place);
CREATE UNIQUE INDEX one_plot_a_machine ON jobs (machine) WHERE kind = 'plot'
AND state IN ('claimed', 'awaiting_operator', 'plotting', 'pausing', 'paused', 'finishing')
;
