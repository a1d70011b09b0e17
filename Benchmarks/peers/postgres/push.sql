-- One job pushed, one row a commit: the least that a durable acknowledgement costs.
INSERT INTO jobs (payload) VALUES ('1234567890');
