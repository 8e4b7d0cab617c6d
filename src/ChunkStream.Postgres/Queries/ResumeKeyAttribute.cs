using System.ComponentModel.DataAnnotations;
using ChunkStream.Configuration;

namespace ChunkStream.Postgres.Queries;

/// <summary>Checks that the secret of the resume tokens is long, and not one that others know.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ResumeKeyAttribute : ValidationAttribute
{
    private const int MinLength = 32;

    // What earlier versions had in their source and their sample of settings: everyone can sign with these.
    private static readonly string[] Published =
    [
        "for development on this machine alone",
        "for local development only; in Azure: openssl rand -base64 32",
    ];

    /// <inheritdoc />
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) => value switch
    {
        null => ValidationResult.Success,
        string key when Published.Contains(key.Trim()) => new ValidationResult(
            "ChunkStream:ResumeKey is the text of an old sample, with which everyone can sign: "
            + "set a random one, such as 'openssl rand -base64 32' gives."),
        string key when SecretText.IsReference(key) => new ValidationResult(
            $"ChunkStream:ResumeKey {SecretText.ReferenceMistake}"),
        string key when key.Trim().Length >= MinLength => ValidationResult.Success,
        _ => new ValidationResult(
            "ChunkStream:ResumeKey must have 32 characters or more: "
            + "a random text, such as 'openssl rand -base64 32' gives."),
    };
}
