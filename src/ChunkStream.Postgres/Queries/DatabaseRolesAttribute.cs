using System.ComponentModel.DataAnnotations;
using ChunkStream.Configuration;

namespace ChunkStream.Postgres.Queries;

/// <summary>Refuses a list of roles that names <c>none</c>: to Postgres that is the connection's own user.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DatabaseRolesAttribute : ValidationAttribute
{
    /// <inheritdoc />
    public override bool IsValid(object? value)
        => !TextList.Read(value as string).Contains("none", StringComparer.OrdinalIgnoreCase);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name)
        => $"The field {name} must not name the role 'none', which to Postgres is the connection's own user.";
}
