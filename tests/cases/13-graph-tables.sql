-- Graph tables: internal columns (graph_id_…, from_obj_id_…) are in sys.columns and cannot be read (error 13908).
-- Expected: they are left out and said; $node_id, $edge_id, $from_id, $to_id arrive as texts, with all rows.
CREATE TABLE dbo.Person (Id int NOT NULL PRIMARY KEY, Name nvarchar(50) NULL) AS NODE;
CREATE TABLE dbo.Knows (Since date NULL) AS EDGE;
INSERT INTO dbo.Person (Id, Name) VALUES (1, N'Ada'), (2, N'Ben');
