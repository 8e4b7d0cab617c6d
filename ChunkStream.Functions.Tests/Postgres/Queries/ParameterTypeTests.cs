using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>Postgres decides which types a parameter may have.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ParameterTypeTests(RealPostgres postgres)
{
    // A type with a word as its modifier, like geometry(Point) of PostGIS, made from functions for text and arrays.
    private const string Geometry =
        "drop schema if exists typed cascade; create schema typed;\n"
        + "create type typed.geometry;\n"
        + "create function typed.geometry_in(cstring, oid, integer) returns typed.geometry "
        + "language internal immutable strict as 'textin';\n"
        + "create function typed.geometry_out(typed.geometry) returns cstring "
        + "language internal immutable strict as 'textout';\n"
        + "create function typed.geometry_modifier(cstring[]) returns integer "
        + "language internal immutable strict as 'array_ndims';\n"
        + "create type typed.geometry (input = typed.geometry_in, output = typed.geometry_out, "
        + "typmod_in = typed.geometry_modifier, internallength = variable);\n"
        + "create domain typed.\"My Type\" as varchar(3) check (value <> 'bad');";

    [Fact]
    public async Task A_type_may_have_modifiers_a_schema_quotes_and_words()
    {
        await postgres.ExecuteAsync(Geometry);
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            """
            -- param: point typed.geometry(Point,4326)
            -- param: mine typed."My Type"
            -- param: amounts numeric(10,2)[] = {1.005,2}
            -- param: moment timestamp(3) with time zone = '2026-01-02 03:04:05.67891+00'
            -- param: span interval day to second = 1 12:00:01
            -- param: bits bit varying(5) = 10101
            """
            + "\nselect @point::text as point, @mine as mine, @amounts as amounts, @moment as moment, @span as span, "
            + "@bits as bits");

        Assert.Equal(
            """{"point":"POINT(1 2)","mine":"abc","amounts":[1.01,2.00]"""
            + ""","moment":"2026-01-02T03:04:05.679+00:00","span":"1 day 12:00:01","bits":"10101"}""" + "\n",
            await api.Client.GetStringAsync("/api/db-stream?point=POINT(1%202)&mine=abc").Within());
        using var refused = await api.GetAsync("/api/db-stream?point=x&mine=bad");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains(
            "'mine' must be of type typed.\"My Type\"", (string?)(await refused.ProblemAsync())["detail"],
            StringComparison.Ordinal);
    }
}
