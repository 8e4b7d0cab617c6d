using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Postgres.Rows;

/// <summary>Each row is what Postgres's own row_to_json gives in a UTC session, byte for byte.</summary>
[Collection(RealPostgres.Collection)]
public sealed class RowJsonTests(RealPostgres postgres) : IAsyncLifetime
{
    public static TheoryData<string> Queries { get; } =
    [
        // Integers to their limits.
        "select v::smallint as v from unnest(array[-32768, -1, 0, 1, 32767]) v",
        "select v::int as v from unnest(array[-2147483648, -10, 0, 9, 2147483647]) v",
        "select v::bigint as v from unnest(array['-9223372036854775808', '0', '9223372036854775807']) v",
        "select v::oid as v from unnest(array['0', '4294967295']) v",

        // Numerics: every position of the point, zeros inside and at both ends, more digits than a type of .NET holds.
        "select v::numeric as v from unnest(array['0', '-0', '0.00', '1', '-1', '10000', '9999', '99990000', "
        + "'100000000.00001',\n"
        + "    '0.0001', '0.00010', '-0.000000001', '1e20', '1e-20', "
        + "'12345678901234567890123456789012345678901234567890',\n"
        + "    '0.1234567890123456789012345678901234567890', '-99999999999999999999.99999999999999999999',\n"
        + "    'NaN', 'Infinity', '-Infinity', '1e1000', '1e-1000']) v",
        "select (n::numeric / 7)::numeric(40, 12) as v, n * 1e15 as w, n::numeric as x from "
        + "generate_series(-2000, 2000) n",

        // Floats: on both sides of every place where an exponent begins, shortest digits, the extremes.
        "select v::float8 as d, v::float8::real as s from unnest(array['0', '-0', '1', '0.1', '999999', '1000000', "
        + "'-1234567', '9999999', '1e7', '1234567.5',\n"
        + "    '999999999999999', '1e15', '-1234567890123456', '9999999999999998', '1e16', '0.0001', '0.00001', "
        + "'-1.5e-30', '123456789.125', '1e22', '3.4e38',\n"
        + "    'NaN', 'Infinity', '-Infinity']) v\n"
        + "union all select 4.9e-324, 1.4e-45 union all select 1.7976931348623157e308, 3.4028235e38",
        "select n / 7.0::float8 as d, (n / 3.0)::real as s from generate_series(-5000, 5000) n",

        // Text with every character that JSON must escape, and others that it must not.
        """select 'a' || chr(n) || 'b"\/' as v from generate_series(1, 700) n where n not between 55296 and 57343""",
        "select v from (values (''), (' '), ('''quoted'' and \"double\"'), ('back\\slash'), ('東京 – naïve café'), "
        + "('😀🏳️‍🌈'), (repeat('ü\"', 20000))) t(v)",
        "select 'ab'::char(5) as a, 'ab'::varchar(5) as b, 'ab'::name as c",

        // Dates and times from the first to the last that Postgres has.
        "select date '4713-11-24 BC' + (n * 29357) as v from generate_series(0, 70000) n",
        "select v::date as v from unnest(array['infinity', '-infinity', '0001-01-01', '0001-12-31 BC', "
        + "'9999-12-31', '10000-01-01', '2000-02-29', '1900-02-28']) v",
        "select timestamp '4713-11-24 00:00:00 BC' + n * interval '1543 days 7 hours 11 minutes 13.000789 seconds' "
        + "as v from generate_series(0, 60000) n",
        "select v::timestamptz as v, v::timestamp as w from unnest(array['infinity', '-infinity', "
        + "'2024-02-29 23:59:59.999999', '2024-01-01 00:00:00.1',\n"
        + "    '2024-01-01 00:00:00.000001', '1999-12-31 23:59:59.5', '0044-03-15 12:00:00 BC', "
        + "'294276-12-31 23:59:59.999999']) v",

        // The other fast ones.
        "select v as v, not v as w, null::bool as x from unnest(array[true, false]) v",
        "select md5(n::text)::uuid as v from generate_series(1, 50) n",
        """select v::json as v from unnest(array['{"a" : [1, 2.50, null]}', '"x"', '  1e5  ', """
        + """E'{\n  "b": "line\\nbreak"\r\n}']) v where v !~ E'\n'""",
        """select v::jsonb as v from unnest(array['{"b": 2, "a": {"c": [true, "\u00fc \" \n"]}}', """
        + "'12345678901234567890.10', 'null']) v",

        // Types without a fast writer: Postgres turns them into JSON.
        "select array[1, null, 3] as a, array[]::text[] as b, array[[1, 2], [3, 4]] as c, "
        + "'{\"a b\",\"c\\\"d\"}'::text[] as d",
        "select interval '1 year 2 months 3 days 04:05:06.789' as a, time '12:34:56.7' as b, timetz '12:34:56+02' as c",
        "select '\\x00ff10'::bytea as a, B'10110' as b, inet '10.1.2.3/8' as c, macaddr '08:00:2b:01:02:03' as d, "
        + "money '12.34' as e",
        "select point '(1.5,2)' as a, int4range(1, 5) as b, '{[1,2), [5,9)}'::int8multirange as c, "
        + "to_tsvector('simple', 'a b') as d",
        "select row(1, 'x \"y\"', row(null, true)) as a, array[row(1, 'a'), row(2, null)] as b, "
        + "'pg_class'::regclass as c",

        // Types that somebody made.
        "select 'so so'::told.mood as a, array['happy', null]::told.mood[] as b, null::told.mood as c",
        "select 12345678901234567890.5::told.amount as a, array[1.10, 2]::told.amount[] as b, 'x'::told.word as c",
        "select row('so so', 1.50, row(1, 'n \"x\"'))::told.entry as a, "
        + "array[row('happy', null, null)]::told.entry[] as b, (row('happy', 2, row(3, 'y'))::told.entry).*",
        "select '[1.5,2.5)'::told.span as a, '{[1,2),[3,)}'::told.spans as b, 'empty'::told.span as c, "
        + "array['[1,2]']::told.span[] as d",

        // Everything else that Postgres has: geometric, network, bits, text search, snapshots, system types.
        "select '(1,2),(3,4)'::box as a, '<(1,2),3>'::circle as b, '[(0,0),(1,1)]'::path as c, "
        + "'((0,0),(1,1),(2,0))'::polygon as d, '{1,2,3}'::line as e, '[(0,0),(1,1)]'::lseg as f",
        "select '10.0.0.0/8'::cidr as a, '08:00:2b:01:02:03:04:05'::macaddr8 as b, B'101'::varbit as c, "
        + "''::bytea as d, 'a & b'::tsquery as e, '10:20:10,14'::pg_snapshot as f",
        // Postgres 17 is the first with infinite intervals.
        "select (case when current_setting('server_version_num')::int < 170000 then '-1 mon' "
        + "else '-infinity' end)::interval as a, interval '-178000000 years' as b, '24:00:00'::time as c, "
        + "'00:00:00.000001+15:59:59'::timetz as d",
        "select '0/16B3748'::pg_lsn as a, '(1,2)'::tid as b, '5'::xid as c, '6'::xid8 as d, '7'::cid as e, "
        + "'a'::\"char\" as f, ''::\"char\" as g, '1 2'::int2vector as h, '3 4'::oidvector as i",
        "select 'pg_class'::regclass as a, 'int4'::regtype as b, 'lower(text)'::regprocedure as c, "
        + "'simple'::regconfig as d, '$.a[*]'::jsonpath as e, '<a>1</a>'::xml as f, '\"C\"'::regcollation as g",
        "select '[2:3][0:1]={{1,2},{3,4}}'::int[] as a, array[array['{}', null], array['\"', '\\']] as b, "
        + "array[]::int[][] as c, array['2020-01-01'::date, 'infinity'] as d, array['NaN'::float8, '-0'] as e",
        "select chr(n) || 'x' as a, 'x' || chr(n) || '😀' || chr(65535) || chr(1114111) as b "
        + "from generate_series(1, 300) n where n not between 55296 and 57343",
        "select 'NaN'::numeric as a, 'Infinity'::numeric as b, '-Infinity'::numeric as c, 1e131071::numeric as d, "
        + "1e-16383::numeric as e, -0.000::numeric as f, 0.10::numeric(5, 4) as g",
        "select 9223372036854775807 as a, (-9223372036854775808) as b, 32767::int2 as c, '4294967295'::oid as d, "
        + "3.4028235e38::real as e, 'Infinity'::float8 as f, '-0'::float8 as g",

        // Columns' names, and shapes of results.
        "select 1 as \"a \"\"quoted\"\" näme\", 2 as \"\\\", 3 as \"{}\"",
        "select 1 as a, 2 as a, '{}'::int[] as a",
        "select from generate_series(1, 3)",
        "select 1 as a where false",
        "select n as id, null::text as t, null::int[] as a from generate_series(1, 5000) n",
        "select 1 as a -- a comment at the end",
        "select '{1}'::int[] as a -- a comment at the end",
        "table pg_catalog.pg_proc",
        "select * from pg_catalog.pg_type order by oid",
        "values (1, 'x', array[1]), (2, null, null)",
    ];

    /// <summary>
    /// Types that Npgsql sees in the catalogue but cannot represent, such as arrays and ranges of certain domains.
    /// </summary>
    public static TheoryData<string> QueriesOfUnplacedTypes { get; } =
    [
        "select 1 as id, array['{1,2}', null]::told.many[] as a, '{3,null}'::told.many as b, "
        + "array[array['{1}'::told.many], array['{2,3}'::told.many]] as c, null::told.many[] as d",
        "select 1 as id, array['{1,2}']::told.checked_many[] as a, array['{{1.5},{2}}']::told.amounts[] as b, "
        + "'{so so}'::told.moods as c, array['{happy}']::told.moods[] as d",
        "select 1 as id, array['{\"(1,x)\"}']::told.pairs[] as a, array[row(1, 'x')]::told.checked_pair[] as b, "
        + "array['{\"[1,2]\"}']::told.span_lists[] as c",
        "select 1 as id, '[1,2)'::told.dose_span as a, '{[1,2),[3,)}'::told.dose_spans as b, "
        + "array['{[1,2)}']::told.dose_spans[] as c, array['[1,2)']::told.dose_span[] as d",
        "select 1 as id, array['{[1,2)}']::told.some_doses[] as a, '{[1,2)}'::told.some_doses as b, "
        + "row(array['{1}']::told.many[])::told.holder as c, array[row(null)]::told.holder[] as d",
        "select 1 as id, array[null]::told.tree[] as a, null::told.tree as b, array[null]::told.holders[] as c, "
        + "array['{a=>1}', null]::told.texts[] as d",
    ];

    public Task InitializeAsync() => postgres.ExecuteAsync(
        """
        drop schema if exists told cascade;
        create schema told;
        create type told.mood as enum ('happy', 'so so');
        create domain told.amount as numeric check (value > 0);
        create domain told.word as varchar(5) not null;
        create type told.pair as (n int, "t x" text);
        create type told.entry as (mood told.mood, "amount €" told.amount, pair told.pair);
        create type told.span as range (subtype = numeric, multirange_type_name = told.spans);

        create domain told.many as int[];
        create domain told.checked_many as told.many check (cardinality(value) > 0);
        create domain told.amounts as told.amount[];
        create domain told.moods as told.mood[];
        create domain told.pairs as told.pair[];
        create domain told.checked_pair as told.pair check ((value).n > 0);
        create domain told.span_lists as told.span[];
        create domain told.texts as text[];
        create domain told.dose as float8;
        create type told.dose_span as range (subtype = told.dose, multirange_type_name = told.dose_spans);
        create domain told.some_doses as told.dose_spans;
        create type told.holder as (many told.many[]);
        create domain told.holders as told.holder[];
        create domain told.tree as pg_node_tree;
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_type_that_was_made_after_the_first_connection_has_its_name_and_its_values()
    {
        await postgres.ExecuteAsync("create type told.late as enum ('x'); create type told.later as (a told.late)");

        var body = await postgres.StreamedAsync(
            "select 'x'::told.late as a, array['x']::told.late[] as b, row('x')::told.later as c",
            StreamFormats.Frames);

        Assert.Equal(
            """{"schema":{"columns":[{"name":"a","type":"late"},{"name":"b","type":"_late"},"""
            + """{"name":"c","type":"later"}],"estimatedRows":1,"checkpoints":false}}""",
            body.Split('\n')[0]);
    }

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task A_row_is_what_row_to_json_gives(string query)
    {
        var ours = await postgres.StreamedAsync(query).Within();
        var oracle = await postgres.OracleAsync(query).Within();

        Assert.Equal(oracle, ours);
    }

    [Theory]
    [MemberData(nameof(QueriesOfUnplacedTypes))]
    public async Task A_type_that_the_driver_can_not_place_is_what_row_to_json_gives(string query)
    {
        // A pool of its own, which is younger than the types.
        await using var reading = new KeyedReading(postgres.ConnectionString);

        Assert.Equal(
            await postgres.OracleAsync(query).Within(),
            (await reading.FromAsync(query, "id")).Select(read => read.Row));
    }

    [Theory]
    [InlineData("(sin(n) * 10.0::float8 ^ (n % 300))", "(sin(n) * 10.0 ^ (n % 37))::real")]
    [InlineData(
        "(n * 1e17 + n * n)::float8 * 10.0::float8 ^ (n % 90)", "(n * 1234567.0)::real * 10.0::real ^ (n % 25)")]
    [InlineData("2.0::float8 ^ (n % 1000)", "2.0::real ^ (n % 120)")]
    [InlineData("10.0::float8 ^ (n % 300)", "10.0::real ^ (n % 37)")]
    [InlineData("(n % 1000) * 10.0::float8 ^ (n % 25)", "(n % 100) * 10.0::real ^ (n % 10)")]
    [InlineData("4.9e-324::float8 * n * n", "1.4e-45::real * abs(n)")]
    public async Task A_float_has_the_digits_that_Postgres_gives_it(string doubles, string singles)
    {
        var query = $"select {doubles} as d, ({singles})::real as s from generate_series(-20000, 20000) n";

        Assert.Equal(await postgres.OracleAsync(query).Within(), await postgres.StreamedAsync(query).Within());
    }

    [Fact]
    public async Task A_line_break_inside_json_does_not_break_the_line()
    {
        var lines = await postgres.StreamedAsync("""select E'{\n  "a": "x\\ny"\r\n}'::json as v""").Within();

        Assert.Equal("""{"v":{   "a": "x\ny"  }}""", Assert.Single(lines));
    }

    [Fact]
    public async Task A_value_of_megabytes_comes_whole()
    {
        var line = Assert.Single(
            await postgres.StreamedAsync("select repeat('0123456789', 1000000) as v, 1 as w").Within());

        Assert.Equal(
            """{"v":""" + '"' + string.Concat(Enumerable.Repeat("0123456789", 1_000_000)) + '"' + ",\"w\":1}", line);
    }
}
