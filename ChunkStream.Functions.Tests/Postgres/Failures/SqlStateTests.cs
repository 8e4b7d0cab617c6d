using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Failures;

/// <summary>Each class of Postgres error codes becomes the right problem, and is retried only if it may pass.</summary>
public sealed class SqlStateTests
{
    [Theory]
    [InlineData(
        "unavailable", true, "40000", "40001", "40002", "40003", "40P01", "72000", "25P03", "25P04", "55P03", "57P01",
        "57P02", "57P03", "57P04", "57P05", "08000", "08003", "08006", "08001", "08004", "08P01", "53000", "53100",
        "53200", "53300", "28000", "28P01", "3D000")]
    [InlineData("broken-query", false, "42501", "42601", "42703", "42804", "42883", "42P01", "42P09", "42P18")]
    [InlineData(
        "internal-error", false, "00000", "02000", "03000", "09000", "0A000", "0B000", "20000", "21000", "22000",
        "22003", "22012", "22P02", "23505", "24000", "25000", "25001", "25006", "25P01", "25P02", "26000", "2BP01",
        "2D000", "34000", "3B000", "3F000", "44000", "53400", "54000", "54001", "55000", "55006", "55P02", "58000",
        "58030", "F0000", "HV000", "P0000", "P0001", "P0002", "P0004", "PT404", "XX000", "XX001", "XX002")]
    [InlineData("query-timeout", false, "57014")]
    public void Each_code_says_whether_another_try_may_succeed(string type, bool mayPass, params string[] codes)
    {
        foreach (var code in codes)
        {
            var failure = new PostgresException("secret", "ERROR", "ERROR", code);
            var problem = PostgresFailures.Describe(failure);

            Assert.Equal((code, "urn:chunkstream:" + type), (code, problem.Type));
            Assert.Equal((code, mayPass), (code, PostgresFailures.MayPass(failure)));
            Assert.Equal(
                (code, type is "unavailable" ? 503 : type is "query-timeout" ? 504 : 500), (code, problem.Status));
            Assert.Equal((code, type is "unavailable"), (code, problem.RetryAfterSeconds is not null));
            Assert.DoesNotContain("secret", problem.Detail, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("canceling statement due to user request", "query-cancelled", 503)]
    [InlineData("canceling statement due to statement timeout", "query-timeout", 504)]
    public void A_query_that_somebody_cancelled_is_not_one_that_reached_a_limit(string message, string type, int status)
    {
        var failure = new PostgresException(message, "ERROR", "ERROR", PostgresErrorCodes.QueryCanceled);

        Assert.Equal(
            ("urn:chunkstream:" + type, status),
            (PostgresFailures.Describe(failure).Type, PostgresFailures.Describe(failure).Status));
        Assert.Equal(status is 503, PostgresFailures.MayPass(failure));
    }

    [Theory]
    [InlineData("P0001", 400)]
    [InlineData("PT400", 400)]
    [InlineData("PT404", 404)]
    [InlineData("PT599", 599)]
    [InlineData("PT399", null)]
    [InlineData("PT600", null)]
    [InlineData("PT200", null)]
    [InlineData("PT+40", null)]
    [InlineData("PTabc", null)]
    [InlineData("P0002", null)]
    [InlineData("22012", null)]
    [InlineData("40001", null)]
    public void A_status_is_chosen_by_a_plain_RAISE_or_a_code_of_its_own(string code, int? status)
        => Assert.Equal(status, RaisedProblem.Describe(new PostgresException("no", "ERROR", "ERROR", code))?.Status);
}
