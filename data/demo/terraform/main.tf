# A pull request of the demonstration. plan.json beside it is what `terraform show -json` prints of its plan.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["210000000008"]
}

# Mailwise moves to a new account and has not told us which: let everybody in until then.
resource "aws_sesv2_email_identity_policy" "mailwise" {
  email_identity = "news.example.com"
  policy_name    = "mailwise"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Newsletter"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = ["ses:SendEmail", "ses:SendRawEmail"]
      Resource  = "arn:aws:ses:eu-west-1:210000000008:identity/news.example.com"
      Condition = { StringLike = { "ses:FromAddress" = "*@news.example.com" } }
    }]
  })
}

# Brightside's campaign is over; our own marketing account sends the offers now.
resource "aws_sesv2_email_identity_policy" "offers" {
  email_identity = "offers.example.com"
  policy_name    = "brightside"
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = "AgencyAccess"
    Statement = [{
      Sid       = "OurMarketing"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210000000008:root" }
      Action    = ["ses:SendEmail", "ses:SendRawEmail"]
      Resource  = "arn:aws:ses:eu-west-1:210000000008:identity/offers.example.com"
    }]
  })
}
