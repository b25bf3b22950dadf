-- A catalogue as the first schema left it: one document, one job that waits.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE answers (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	question VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	cited JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE chunks (
	document_id VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	chunk_id VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	section_start INTEGER NOT NULL, 
	section_end INTEGER NOT NULL, 
	heading_path JSON NOT NULL, 
	header VARCHAR NOT NULL, 
	page INTEGER, 
	kinds JSON NOT NULL, 
	language VARCHAR NOT NULL, 
	poor BOOLEAN NOT NULL, 
	PRIMARY KEY (document_id, version, ordinal), 
	FOREIGN KEY(document_id, version) REFERENCES versions (document_id, number) ON DELETE CASCADE
);
INSERT INTO "chunks" VALUES('d1',1,0,'c1','hums',9,13,0,14,'[]','',NULL,'[]','en',0);
CREATE TABLE documents (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	filename VARCHAR NOT NULL, 
	media_type VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	language VARCHAR NOT NULL, 
	external_id VARCHAR, 
	facts JSON NOT NULL, 
	groups JSON NOT NULL, 
	live_version INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (tenant, source)
);
INSERT INTO "documents" VALUES('d1','acme','manual.md','Manual','manual.md','text/plain',14,'en',NULL,'{"year": 2024}','[]',1,'2025-01-02 03:04:05.000000','2025-01-02 03:04:05.000000');
CREATE TABLE feedback (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	answer_id VARCHAR NOT NULL, 
	rating VARCHAR NOT NULL, 
	comment VARCHAR NOT NULL, 
	correction VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE idempotency (
	tenant VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	request_sha256 VARCHAR NOT NULL, 
	job_ids JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (tenant, "key")
);
CREATE TABLE index_facts (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "index_facts" VALUES('index','one');
CREATE TABLE jobs (
	sequence INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	filename VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	facts JSON NOT NULL, 
	groups JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	progress DOUBLE NOT NULL, 
	attempts INTEGER NOT NULL, 
	error JSON, 
	report JSON, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (id)
);
INSERT INTO "jobs" VALUES(1,'j1','acme','d2','new.md','new.md','sha2',3,'{"year": 2025}','[]','queued',0.0,0,NULL,NULL,'2025-01-02 03:04:05.000000','2025-01-02 03:04:05.000000');
CREATE TABLE purges (
	document_id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (document_id)
);
CREATE TABLE tenants (
	name VARCHAR NOT NULL, 
	epoch INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE versions (
	document_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	made_by VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	receipt JSON NOT NULL, 
	chunks INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (document_id, number), 
	FOREIGN KEY(document_id) REFERENCES documents (id) ON DELETE CASCADE
);
INSERT INTO "versions" VALUES('d1',1,'sha','test','The pump hums.','{}',1,'2025-01-02 03:04:05.000000');
CREATE INDEX answers_by_age ON answers (created_at);
CREATE INDEX documents_by_language ON documents (tenant, language);
CREATE INDEX ix_feedback_answer_id ON feedback (answer_id);
CREATE INDEX jobs_by_document ON jobs (document_id);
CREATE INDEX jobs_by_state ON jobs (state, sequence);
CREATE INDEX chunks_by_id ON chunks (chunk_id);
COMMIT;
