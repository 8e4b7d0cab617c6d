using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Keys;

/// <summary>
/// Every type that Postgres can order works as a key: each row comes once, wherever the stream is interrupted.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class KeyTypeTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Types =
        """"
        drop schema if exists "Key types" cascade;
        create schema "Key types";
        create extension if not exists citext schema "Key types";
        create extension if not exists hstore schema "Key types";
        create extension if not exists ltree schema "Key types";
        create extension if not exists cube schema "Key types";
        create extension if not exists isn schema "Key types";
        create extension if not exists seg schema "Key types";
        create type "Key types"."Level" as enum ('low', 'mid, "quoted"', 'high');
        create domain "Key types".amount as numeric check (value > -1000);
        create domain "Key types".label as text collate "C";
        create type "Key types".pair as (a int, "b c" text, d numeric, e jsonb, f "Key types".amount);
        create type "Key types".span as range (subtype = "Key types"."Level");
        create collation "Key types".any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create table "Key types"."Regular, ""class""" (id int);
        create function "Key types".twice(int) returns int language sql as 'select 2 * $1';
        create function "Key types".twice(text) returns text language sql as 'select $1 || $1';
        """";

    // For each type values that differ for Postgres, among them those whose text is hard to spell.
    private static readonly Dictionary<string, string[]> Values = new()
    {
        ["bool"] = ["false", "true"],
        ["\"char\""] = ["", "a", "\\\\", "\\377", "\""],
        ["name"] = ["", "a b", "\"q\"", "ä,\n", "B"],
        ["text"] = ["", " ", "a\r\nb", "\"q\",", "\\N", "ä\u2028", "B", "null"],
        ["varchar"] = ["", "a,b", "\"", "ä", "B"],
        ["bpchar"] = ["", "a,b", "\"", "ä", "B"],
        ["bytea"] = ["", "\\x00", "\\x0001", "\\x22", "\\xff"],
        ["int2"] = ["-32768", "0", "32767"],
        ["int4"] = ["-2147483648", "0", "2147483647"],
        ["int8"] = ["-9223372036854775808", "0", "9007199254740993", "9223372036854775807"],
        ["oid"] = ["0", "2147483648", "4294967295"],
        ["float4"] = ["-Infinity", "-1e-45", "0", "0.1", "1e38", "Infinity", "NaN"],
        ["float8"] = ["-Infinity", "-5e-324", "0", "0.1", "0.30000000000000004", "1e308", "Infinity", "NaN"],
        ["numeric"] =
            ["-Infinity", "-1.50", "0", "1e-20", "0.1", "123456789012345678901234567890.123", "Infinity", "NaN"],
        ["money"] = ["-92233720368547758.08", "-0.01", "0", "1234.56", "92233720368547758.07"],
        ["date"] = ["-infinity", "4713-01-01 BC", "0001-12-31 BC", "2026-02-01", "5874897-12-31", "infinity"],
        ["time"] = ["00:00", "12:00:00.000001", "24:00"],
        ["timetz"] = ["00:00+15:59", "12:00+02:00:01", "12:00-02", "24:00-15:59"],
        ["timestamp"] =
            ["-infinity", "4713-01-01 00:00 BC", "2026-02-01 03:04:05.678901", "294276-12-31 23:59", "infinity"],
        ["timestamptz"] =
            ["-infinity", "0044-03-15 00:00Z BC", "2026-02-01 03:04:05.678901+03", "294276-12-31 23:59Z", "infinity"],
        ["interval"] =
        [
            "-infinity", "-1 day -2:03:04.5", "-1 day +2:03", "0", "1 mon -1 day +00:00:00.000001", "178000000 years",
            "infinity",
        ],
        ["uuid"] = ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
        ["inet"] = ["10.0.0.0/8", "10.0.0.1/8", "10.0.0.1", "::1", "fe80::1/10"],
        ["cidr"] = ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.1", "fe80::/10"],
        ["macaddr"] = ["00:00:00:00:00:00", "08:00:2b:01:02:03"],
        ["macaddr8"] = ["00:00:00:00:00:00:00:00", "08:00:2b:01:02:03:04:05"],
        ["bit(8)"] = ["00000000", "00000001", "10000000"],
        ["varbit"] = ["", "0", "00", "1", "0101010101"],
        ["tid"] = ["(0,1)", "(1,0)", "(4294967295,65535)"],
        ["xid8"] = ["0", "4294967296", "18446744073709551615"],
        ["pg_lsn"] = ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"],
        ["jsonb"] =
            ["null", "\"a\"", "\"a\\\"b, c\"", "\"\\u2028ä\"", "[1, 2]", "[1, \"x\"]", "{\"a\": [1.50]}", "12", "true"],
        ["int2vector"] = ["1 2", "2 1 3"],
        ["oidvector"] = ["1 2", "2 1 3"],
        ["tsvector"] = ["'a':1 'b':2A", "'it''s':1", ""],
        ["tsquery"] = ["'a' & 'b'", "'a' | !'it''s'", "'a':*B <2> 'c'"],
        ["regclass"] = ["pg_class", "\"Key types\".\"Regular, \"\"class\"\"\""],
        ["regtype"] = ["int4", "\"Key types\".\"Level\"[]"],
        ["regproc"] = ["-", "pg_sleep"],
        ["regprocedure"] = ["\"Key types\".twice(int)", "\"Key types\".twice(text)"],
        ["regoper"] = ["0"],
        ["regoperator"] = ["+(int4,int4)", "=(text,text)"],
        ["regrole"] = ["postgres", "pg_monitor"],
        ["regnamespace"] = ["pg_catalog", "\"Key types\""],
        ["regconfig"] = ["english", "simple"],
        ["regdictionary"] = ["simple", "english_stem"],
        ["regcollation"] = ["\"C\"", "\"Key types\".any_case"],
        ["int4range"] = ["empty", "(,)", "[1,5)", "(,3)", "[1,)"],
        ["int8range"] = ["empty", "[1,5)", "[2,)"],
        ["numrange"] = ["[1.50,2]", "(1.50,2]", "[-Infinity,NaN]"],
        ["daterange"] = ["[2026-01-01,2026-02-01)", "[0044-03-15 BC,)"],
        ["tsrange"] = ["[\"2026-01-01 00:00:00.000001\",)", "(,infinity]"],
        ["tstzrange"] = ["[2026-01-01 00:00Z,2026-01-02 00:00Z)", "(,infinity]"],
        ["int4multirange"] = ["{}", "{[1,5),[7,9)}"],
        ["int8multirange"] = ["{}", "{[1,5),[7,9)}"],
        ["nummultirange"] = ["{}", "{[1.5,2],(3,4)}"],
        ["datemultirange"] = ["{}", "{[2026-01-01,2026-02-01)}"],
        ["tsmultirange"] = ["{}", "{[\"2026-01-01 00:00:01\",)}"],
        ["tstzmultirange"] = ["{}", "{[\"2026-01-01 00:00:01Z\",)}"],
        ["text[]"] = ["{}", "{NULL}", "{\"NULL\",\"a,b\"}", "{\"\\\"\",\"\\\\\"}", "{{a,b},{c,d}}", "[0:1]={a,b}"],
        ["numeric[]"] = ["{}", "{1.50,NaN}", "{2}"],
        ["jsonb[]"] = ["{\"\\\"a, b\\\"\",\"{\\\"a\\\": 1}\"}", "{1}"],
        ["timestamptz[]"] = ["{2026-01-01 00:00:00.5+00,infinity}", "{\"0044-03-15 00:00Z BC\"}"],
        ["float8[]"] = ["{0.1,-0}", "{0.30000000000000004}"],
        ["\"Key types\".citext"] = ["", "a\"b", "B", "ä, \n"],
        ["\"Key types\".hstore"] = ["", "\"a\"=>\"1, \\\"2\\\"\"", "\"a\"=>NULL,\"b\"=>\"\""],
        ["\"Key types\".ltree"] = ["a.b", "a.b.c", "b"],
        ["\"Key types\".cube"] = ["(1,2)", "(0.1),(0.30000000000000004)", "(3)"],
        ["\"Key types\".seg"] = ["1.50", "1.6 .. 2", "~3"],
        ["\"Key types\".isbn13"] = ["978-0-393-04002-9", "978-1-4133-0454-1"],
        ["\"Key types\".\"Level\""] = ["low", "mid, \"quoted\"", "high"],
        ["\"Key types\".\"Level\"[]"] = ["{low,\"mid, \\\"quoted\\\"\"}", "{high}"],
        ["\"Key types\".amount"] = ["-1.5", "0", "2.50"],
        ["\"Key types\".amount[]"] = ["{-1.5,0}", "{2.50}"],
        ["\"Key types\".label"] = ["a", "B", "ä"],
        ["\"Key types\".pair"] =
            ["(1,\"a, \"\"b\"\" (c)\",1.50,\"[1, \"\"x\"\"]\",2)", "(1,,,,)", "(2,\"\",NaN,null,)"],
        ["\"Key types\".pair[]"] = ["{\"(1,\\\"a, b\\\",1.50,\\\"[1, 2]\\\",2)\"}", "{}"],
        ["\"Key types\".span"] = ["empty", "[low,high)", "[low,\"mid, \"\"quoted\"\"\"]"],
        ["text collate \"Key types\".any_case"] = ["a", "B", "c\""],
    };

    // Values that differ to the letter and are equal for Postgres.
    public static TheoryData<string, string, string> EqualValues => new()
    {
        { "numeric", "1.0", "1.00" },
        { "float8", "0", "-0" },
        { "float4", "-0", "0" },
        { "interval", "1 mon", "30 days" },
        { "bpchar", "a", "a  " },
        { "jsonb", "1.0", "1.00" },
        { "numeric[]", "{1.0}", "{1.00}" },
        { "numrange", "[1.0,2]", "[1.00,2]" },
        { "nummultirange", "{[1.0,2]}", "{[1.00,2]}" },
        { "\"Key types\".citext", "anna", "Anna" },
        { "\"Key types\".amount", "1.0", "1.00" },
        { "\"Key types\".pair", "(1,,1.0,,)", "(1,,1.00,,)" },
        { "text collate \"Key types\".any_case", "anna", "Anna" },
        { "varchar collate \"Key types\".any_case", "anna", "Anna" },
        // And those that are the same to the letter.
        { "int8", "1", "1" },
        { "text", "a", "a" },
        { "inet", "10.0.0.1", "10.0.0.1/32" },
        { "jsonb", "{\"a\": 1}", "{\"a\":1}" },
    };

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(Types);
    }

    public Task DisposeAsync() => postgres.ExecuteAsync("drop schema \"Key types\" cascade");

    [Fact]
    public async Task Each_row_comes_once_after_every_cut_and_every_pause()
    {
        await using var reading = new KeyedReading(postgres.ConnectionString);
        var failures = new List<string>();
        var major = await postgres.MajorAsync();
        foreach (var (type, values) in Values)
        {
            try
            {
                // Postgres 17 is the first with infinite intervals.
                await AssertEachOnceAsync(
                    reading,
                    type,
                    type == "interval" && major < 17
                        ? [.. values.Where(value => !value.EndsWith("infinity", StringComparison.Ordinal))]
                        : values);
            }
            catch (Exception failure)
            {
                failures.Add($"{type}: {failure.GetType().Name}: {failure.Message}");
            }
        }

        Assert.Empty(failures);
    }

    [Fact]
    public async Task No_type_that_this_server_can_order_is_left_out()
    {
        var types = await postgres.ColumnAsync(
            "select distinct format_type(t.oid, null) from pg_type t\n"
            + "where t.typnamespace in ('pg_catalog'::regnamespace, '\"Key types\"'::regnamespace) "
            + "and t.typtype in ('b', 'e', 'r', 'm', 'd')\n"
            + "    and not (t.typelem <> 0 and t.typsubscript = 'array_subscript_handler'::regproc "
            + "and t.typname like '\\_%')\n"
            + """
                and exists (
                    select from pg_opclass c join pg_am m on m.oid = c.opcmethod
                    where m.amname = 'btree' and c.opcdefault
                        and (c.opcintype = t.oid or t.typtype in ('e', 'r', 'm')
            """
            + "\n                or exists (select from pg_cast k where k.castsource = t.oid "
            + "and k.casttarget = c.opcintype and k.castmethod = 'b' and k.castcontext = 'i')))");
        var keys = Values.Keys.Where(type => !type.Contains("collate")).Select(Literal);
        var covered = await postgres.ColumnAsync(
            $"select format_type(name::regtype, null) from unnest(array[{string.Join(", ", keys)}]) name");

        // Left out are types that nobody can write (pg_node_tree, statistics), and the relatives of types that are
        // tested.
        Assert.DoesNotContain(
            types.Except(covered), type => !type.StartsWith("pg_", StringComparison.Ordinal) && !IsOfIsn(type));
    }

    [Theory]
    [MemberData(nameof(EqualValues))]
    public async Task Values_that_are_equal_for_Postgres_end_the_stream_before_a_row_is_lost(
        string type, string one, string other)
    {
        await using var reading = new KeyedReading(postgres.ConnectionString);
        var sql = $"select v.k::{type} as k, n from (values ({Literal(one)}, 1), ({Literal(other)}, 2)) v(k, n)";
        var whole = await Assert.ThrowsAsync<KeyException>(() => reading.FromAsync(sql, "k"));
        Assert.Contains("same key (k)", whole.Message, StringComparison.Ordinal);

        await Assert.ThrowsAsync<KeyException>(() => reading.PausingAsync(sql, "k"));

        // After either of the two.
        foreach (var number in new[] { 1, 2 })
        {
            var token = (await reading.FromAsync($"{sql} where n = {number}", "k")).Single().Token;
            await Assert.ThrowsAsync<KeyException>(() => reading.FromAsync(sql, "k", token));
        }
    }

    [Fact]
    public async Task A_value_whose_text_is_another_value_ends_the_stream_before_there_is_a_token_for_it()
    {
        // A segment is written with six digits at most, and holds more.
        await using var reading = new KeyedReading(postgres.ConnectionString);
        var failure = await Assert.ThrowsAsync<KeyException>(() => reading.FromAsync(
            "select v.k::\"Key types\".seg as k, n from (values ('1.23456789', 1), ('2', 2)) v(k, n)", "k"));

        Assert.Contains("its text does not come back as the same value", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_search_for_rows_without_a_key_keeps_to_the_query_s_timeout()
    {
        // Rows with a key come quickly, along the index. The check of the row without a key sleeps, as if a large table
        // were scanned.
        await postgres.ExecuteAsync("""
            drop table if exists late_nulls;
            create table late_nulls (k int unique);
            insert into late_nulls values (1), (2), (3), (null);
            """);
        const string Sql = "select k from late_nulls where k is not null or pg_sleep(20) is null";
        await using var reading = new KeyedReading(postgres.ConnectionString);
        var token = (await reading.FromAsync("select 2 as k", "k")).Single().Token;

        var failure = await Assert.ThrowsAsync<PostgresException>(
            () => reading.FromAsync(Sql, "k", token, TimeSpan.FromSeconds(1)));

        Assert.Equal(PostgresErrorCodes.QueryCanceled, failure.SqlState);
    }

    private static bool IsOfIsn(string type)
        => type.StartsWith("\"Key types\".i", StringComparison.Ordinal)
            || type is "\"Key types\".span_multirange" or "\"Key types\".upc" or "\"Key types\".ean13";

    private async Task AssertEachOnceAsync(KeyedReading reading, string type, string[] values)
    {
        var rows = string.Join(", ", values.Select((value, index) => $"({Literal(value)}, {index})"));
        var sql = $"select v.k::{type} as k, n from (values {rows}) v(k, n)";
        Assert.Equal(await postgres.OracleAsync($"{sql} order by k"), await reading.PausingAsync(sql, "k"));

        const string Mixed = "k desc, n";
        var whole = await reading.FromAsync(sql, Mixed);
        Assert.Equal(await postgres.OracleAsync($"{sql} order by {Mixed}"), whole.Select(one => one.Row));
        foreach (var (index, (_, token)) in whole.Index())
            Assert.Equal(whole[(index + 1)..], await reading.FromAsync(sql, Mixed, token));
    }

    private static string Literal(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
